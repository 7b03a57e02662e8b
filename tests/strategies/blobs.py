"""Any value of each blob that reading can give, junk in reserved fields included."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ipsecmig.stored.blobs import Blob, FilterBlob, IsakmpBlob, NegotiationBlob, NfaBlob, PolicyBlob, VersionBlob
from ipsecmig.stored.blobs.filters import FilterSpec
from ipsecmig.stored.blobs.filters_v2 import AddressSpec, FilterSection, FilterSpecV2, PortSpec
from ipsecmig.stored.blobs.isakmp import IsakmpMethod
from ipsecmig.stored.blobs.negotiation import SLOTS, Algorithm, Offer
from ipsecmig.stored.blobs.nfa import AuthMethod, Extension, MethodFlags
from ipsecmig.stored.blobs.text import WideString

_DWORD = st.integers(0, 2**32 - 1)
_WORD = st.integers(0, 2**16 - 1)
_BYTE = st.integers(0, 255)
_JUNK = st.binary(max_size=20)


def _exactly(count: int) -> SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


def wide_strings() -> SearchStrategy[WideString]:
    """Strings: sound ones, and any bytes."""
    return st.one_of(st.text(max_size=5).map(WideString.of), st.binary(max_size=7).map(WideString))


def _isakmp() -> SearchStrategy[Blob]:
    method = st.builds(
        IsakmpMethod,
        _BYTE,
        _BYTE,
        _exactly(2),
        _DWORD,
        _exactly(8),
        _DWORD,
        _exactly(16),
        _BYTE,
        _exactly(7),
        _DWORD,
        _DWORD,
        _DWORD,
        _DWORD,
        _DWORD,
    )
    methods = st.lists(method, max_size=3).map(tuple)
    head = (_exactly(16), _DWORD, _DWORD, _DWORD, _exactly(4), _DWORD, _DWORD, _exactly(20))
    return st.builds(IsakmpBlob, *head, methods, _DWORD, _JUNK)


def _negotiation() -> SearchStrategy[Blob]:
    slot = st.builds(Algorithm, _DWORD, _DWORD, _DWORD, _exactly(8))
    offer = st.builds(Offer, _DWORD, _DWORD, _DWORD, _DWORD, st.integers(0, SLOTS), st.tuples(*(slot,) * SLOTS))
    return st.builds(NegotiationBlob, st.lists(offer, max_size=3).map(tuple), _DWORD, _JUNK)


@st.composite
def _extensions(draw: DrawFn) -> Extension:
    """Draw an extension whose flags are as many as their number says, or as the methods where that is zero."""
    alternatives = draw(st.none() | _methods())
    flags = draw(st.none() | st.lists(_DWORD, max_size=3).map(lambda f: MethodFlags(tuple(f), len(f))))
    if flags is not None and alternatives:
        every = st.tuples(*(st.integers(0, 3),) * len(alternatives))
        flags = draw(every.map(lambda f: MethodFlags(f, 0)) | every.map(lambda f: MethodFlags(f, len(f))))
    return Extension(alternatives, flags, draw(st.none() | _exactly(16)))


def _methods() -> SearchStrategy[tuple[AuthMethod, ...]]:
    return st.lists(st.builds(AuthMethod, _DWORD, st.binary(max_size=6)), max_size=3).map(tuple)


def _nfa() -> SearchStrategy[Blob]:
    return st.builds(
        NfaBlob,
        _methods(),
        _DWORD,
        wide_strings(),
        _DWORD,
        _DWORD,
        _DWORD,
        wide_strings(),
        _extensions(),
        _DWORD,
        st.just(b"\0") | st.binary(max_size=3),
    )


@st.composite
def _filters(draw: DrawFn) -> FilterBlob:
    """Draw a filter list; without a second section, the number of its filters is as stored."""
    texts = (wide_strings(), wide_strings(), wide_strings())
    numbers = (*(_DWORD,) * 7, _WORD, _WORD, _BYTE, _BYTE, _WORD)
    filters = draw(st.lists(st.builds(FilterSpec, *texts, _exactly(16), *numbers), max_size=3))
    address = st.builds(AddressSpec, _DWORD, _DWORD, _exactly(16), _exactly(16))
    port = st.builds(PortSpec, _DWORD, _WORD, _WORD)
    second = st.builds(FilterSpecV2, *texts, _exactly(16), _DWORD, address, address, port, port, _DWORD, _DWORD)
    section = st.builds(FilterSection, st.lists(second, max_size=2).map(tuple), _DWORD, _DWORD)
    chosen = draw(st.none() | section)
    declared = len(filters) if chosen is None else draw(_DWORD)
    return FilterBlob(tuple(filters), chosen, declared, draw(_DWORD), draw(_JUNK))


def blobs() -> SearchStrategy[Blob]:
    """Any blob."""
    return st.one_of(
        st.builds(PolicyBlob, _DWORD, _DWORD, _JUNK),
        st.builds(VersionBlob, _JUNK),
        _isakmp(),
        _negotiation(),
        _nfa(),
        _filters(),
    )
