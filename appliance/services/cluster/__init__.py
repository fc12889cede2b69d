"""Operations on the cluster itself: create, join, leave, links, votes, quorum device, status."""
