"""The cache in Redis: what cannot be reached has forgotten everything. Nothing that security depends on lives in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgetfulRedisCache(RedisCache):
    """Without its server nothing is found and nothing kept, instead of an error on each page that looks."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _or(default, lambda: super(ForgetfulRedisCache, self).get(key, default, version))

    def set(self, key: Any, value: Any, *args: Any, **more: Any) -> None:
        _or(None, lambda: super(ForgetfulRedisCache, self).set(key, value, *args, **more))

    def add(self, key: Any, value: Any, *args: Any, **more: Any) -> bool:
        return bool(_or(False, lambda: super(ForgetfulRedisCache, self).add(key, value, *args, **more)))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError where nothing was counted yet, or that was forgotten."""
        counted = _or(None, lambda: super(ForgetfulRedisCache, self).incr(key, delta, version))
        if counted is None:
            raise ValueError(key)
        return int(counted)


def _or(otherwise: Any, act: Callable[[], Any]) -> Any:
    try:
        return act()
    except RedisError as error:
        logger.warning("the cache cannot be reached: %s", type(error).__name__)
        return otherwise
