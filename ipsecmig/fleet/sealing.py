"""Preshared keys replaced by what only tells whether two of them are one, so that a policy can leave the machine.

A key is sealed as its HMAC-SHA-256 (RFC 2104) under a random key of the run, which stays where the policies are read:
whoever sees the seal cannot try passwords on it, and equal keys still have equal seals.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace
from typing import Final, TypeVar

from ipsecmig.model.policy import (
    AuthenticationMethod,
    DefaultResponseRule,
    Policy,
    PolicyStore,
    PresharedKey,
    Rule,
    Secret,
)
from ipsecmig.model.treatment import Block, Conflict, Permit, Protect, Treatment

_OCTETS: Final = 32

_Rule = TypeVar("_Rule", Rule, DefaultResponseRule)
_Decided = TypeVar("_Decided", bound=Permit | Block | Protect)


def new_seal() -> bytes:
    """Return a new random key to seal with, for one run."""
    return secrets.token_bytes(_OCTETS)


def sealed(store: PolicyStore, seal: bytes) -> PolicyStore:
    """Return `store` with every preshared key sealed; unknown ones stay unknown."""
    return replace(store, policies=tuple(_sealed_policy(policy, seal) for policy in store.policies))


def _sealed_policy(policy: Policy, seal: bytes) -> Policy:
    response = policy.default_response
    return replace(
        policy,
        rules=tuple(_sealed_rule(rule, seal) for rule in policy.rules),
        default_response=None if response is None else _sealed_rule(response, seal),
    )


def _sealed_rule(rule: _Rule, seal: bytes) -> _Rule:
    return replace(rule, authentication=tuple(_sealed_method(method, seal) for method in rule.authentication))


def _sealed_method(method: AuthenticationMethod, seal: bytes) -> AuthenticationMethod:
    if not isinstance(method, PresharedKey) or method.secret is None:
        return method
    text = method.secret.reveal().encode("utf-8", "surrogatepass")
    return PresharedKey(Secret(hmac.digest(seal, text, "sha256").hex()))


def without_keys(treatment: Treatment) -> Treatment:
    """Return a treatment as if its preshared keys were unknown, those of filters in conflict too."""
    if isinstance(treatment, Conflict):
        return Conflict(frozenset(map(keyless, treatment.candidates)))
    return keyless(treatment)


def keyless(treatment: _Decided) -> _Decided:
    """Return a treatment as if its preshared keys were unknown."""
    if not isinstance(treatment, Protect):
        return treatment
    methods = tuple(PresharedKey(None) if isinstance(m, PresharedKey) else m for m in treatment.authentication)
    return replace(treatment, authentication=methods)
