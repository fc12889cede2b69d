"""PAM through its C library."""

from __future__ import annotations

import asyncio
import ctypes
import ctypes.util
import pwd
from asyncio.subprocess import DEVNULL, PIPE
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from appliance.model.errors import RefusedError, UnavailableError

SERVICE: Final = "login"  # whose rules in /etc/pam.d decide
CHANGER: Final = "chpasswd"  # reads NAME:PASSWORD
ANSWER_S: Final = 30.0
_THREADS: Final = 4  # PAM delays after a wrong password: that many logins wait at once
_SUCCESS, _BUFFER_ERROR, _CONVERSATION_ERROR = 0, 5, 19
_ECHO_OFF, _ECHO_ON = 1, 2
_SILENT: Final = 0x8000


class _Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class _Response(ctypes.Structure):
    # The text is freed by PAM: it must come from the C library's own strdup.
    _fields_ = (("text", ctypes.c_void_p), ("code", ctypes.c_int))


_Converse = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = (("converse", _Converse), ("data", ctypes.c_void_p))


class PamPasswords:
    """Implements the `Passwords` port. Needs root to ask about others than oneself."""

    def __init__(self, service: str = SERVICE, changer: str = CHANGER) -> None:
        self._service, self._changer = service, changer
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pam")

    async def check(self, name: str, password: str) -> bool:
        loop = asyncio.get_running_loop()
        asking = loop.run_in_executor(self._threads, _ask, self._service, name, password)
        try:
            return await asyncio.wait_for(asking, ANSWER_S)
        except TimeoutError:
            raise UnavailableError(f"PAM does not answer for {ANSWER_S:.0f} s") from None

    async def change(self, name: str, password: str) -> None:
        try:
            pwd.getpwnam(name)
        except (KeyError, ValueError):
            raise RefusedError(f"there is no user '{name}' of the operating system") from None
        if "\n" in password or "\0" in password:
            raise RefusedError("a password is a single line")
        try:
            changer = await asyncio.create_subprocess_exec(
                self._changer, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL
            )
        except OSError as error:
            raise UnavailableError(f"{self._changer} does not start: {error.strerror}") from None
        try:
            await asyncio.wait_for(changer.communicate(f"{name}:{password}\n".encode()), ANSWER_S)
        except TimeoutError:
            changer.kill()
            raise UnavailableError(f"{self._changer} does not end") from None
        if changer.returncode != 0:
            raise RefusedError("the operating system does not take this password")

    def close(self) -> None:
        """Wait for nobody: PAM may be stuck."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _load() -> tuple[Any, Any]:
    """libpam and the C library. UnavailableError where there is no PAM."""
    found = ctypes.util.find_library("pam") or "libpam.so.0"
    try:
        pam, libc = ctypes.CDLL(found), ctypes.CDLL(None)
    except OSError as error:
        raise UnavailableError(f"there is no PAM on this machine: {error}") from error
    handle = ctypes.c_void_p
    pam.pam_start.argtypes = (
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(_Conversation),
        ctypes.POINTER(handle),
    )
    for function in (pam.pam_authenticate, pam.pam_acct_mgmt, pam.pam_end):
        function.argtypes = (handle, ctypes.c_int)
    libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
    libc.calloc.argtypes = (ctypes.c_size_t, ctypes.c_size_t)
    libc.strdup.argtypes = (ctypes.c_char_p,)
    return pam, libc


def _ask(service: str, name: str, password: str) -> bool:
    """Whether PAM lets this user in with this password. Blocks."""
    pam, libc = _load()
    secret = password.encode()

    def converse(count: int, messages: Any, responses: Any, _data: Any) -> int:
        """Answers every question that hides its answer with the password, others with nothing."""
        answers = libc.calloc(count, ctypes.sizeof(_Response))
        if not answers:
            return _BUFFER_ERROR
        responses[0] = ctypes.cast(answers, ctypes.POINTER(_Response))
        for number in range(count):
            style = messages[number][0].style
            if style == _ECHO_OFF:
                responses[0][number].text = libc.strdup(secret)
            elif style == _ECHO_ON:
                return _CONVERSATION_ERROR
        return _SUCCESS

    conversation = _Conversation(_Converse(converse), None)
    handle = ctypes.c_void_p()
    begun = pam.pam_start(
        service.encode(), name.encode(), ctypes.byref(conversation), ctypes.byref(handle)
    )
    if begun != _SUCCESS:
        raise UnavailableError(f"PAM does not start: error {begun}")
    code = pam.pam_authenticate(handle, _SILENT)
    if code == _SUCCESS:
        code = pam.pam_acct_mgmt(handle, _SILENT)
    pam.pam_end(handle, code)
    return bool(code == _SUCCESS)
