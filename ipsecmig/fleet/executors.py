"""Where the work of a fleet is done: in this process, in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, TypeVar, TypeVarTuple

from ipsecmig.errors import UsageError

P = ParamSpec("P")
Item = TypeVar("Item")
Rest = TypeVarTuple("Rest")
Result = TypeVar("Result")


def for_each(
    executor: Executor, function: Callable[[Item, *Rest], Result], items: Iterable[Item], *rest: *Rest
) -> list[Result]:
    """Return what `function` gives for each of `items` and `rest`, in their order.

    `Executor.map` would do with an iterator that repeats `rest`, but that of Dask wants lengths.
    """
    futures = [executor.submit(function, item, *rest) for item in items]
    return [future.result() for future in futures]


class SerialExecutor(Executor):
    """Does the work at once, in the thread that asks for it."""

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        """Return what `fn` gives; what it raises comes out of this call, not of the future."""
        future: Future[Result] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def local_executor(jobs: int) -> Iterator[Executor]:
    """Give what does `jobs` things at a time on this machine; leaving early drops what has not begun."""
    if jobs == 1:
        yield SerialExecutor()
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def cluster_executor(address: str, seconds: float = 10) -> Iterator[Executor]:
    """Give the workers of the Dask scheduler at `address`, such as `tcp://10.0.0.5:8786`.

    Raises UsageError where nothing answers there within `seconds`, and without the package `distributed`.
    """
    try:
        import distributed
    except ImportError:
        raise UsageError("--scheduler needs the extra `cluster`: pip install 'ipsecmig[cluster]'") from None
    try:
        client = distributed.Client(address, timeout=seconds, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as failure:
        raise UsageError(f"--scheduler {address}: {failure}") from None
    try:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]
    finally:
        client.close()  # type: ignore[no-untyped-call]
