"""Corosync on a real node: group channel and membership over its C libraries, without a compiler.

Needs the extra `corosync` (cffi) and, on Debian, the packages corosync, libcpg4, libquorum5,
libvotequorum8, libcmap4 and libcfg7.
"""
