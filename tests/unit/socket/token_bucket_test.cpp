#include "interface_link/socket/src/token_bucket.hpp"

#include "tests/support/catch.hpp"

namespace nakadachi::socket {
namespace {

/// Takes as many single tokens as there are, at most `most`.
int take_all(TokenBucket& bucket, int most) {
  int taken = 0;
  while (taken < most && bucket.has(1)) {
    bucket.take(1);
    ++taken;
  }
  return taken;
}

}  // namespace

TEST_CASE("token bucket: starts full and fills at its rate, never above") {
  TokenBucket bucket(10, 5, {1'000});
  CHECK(take_all(bucket, 100) == 5);
  bucket.fill({1'099});
  CHECK(take_all(bucket, 100) == 0);
  bucket.fill({1'100});  // one token each 100 ms, however often it is filled
  CHECK(take_all(bucket, 100) == 1);
  bucket.fill({1'350});
  CHECK(take_all(bucket, 100) == 2);
  bucket.fill({1'400});
  CHECK(take_all(bucket, 100) == 1);
  bucket.fill({1'000'000'000});
  CHECK(take_all(bucket, 100) == 5);
}

TEST_CASE("token bucket: a clock set back adds nothing and takes nothing") {
  TokenBucket bucket(1'000, 10, {50'000});
  CHECK(take_all(bucket, 4) == 4);
  bucket.fill({10'000});
  CHECK(take_all(bucket, 100) == 6);
  bucket.fill({10'003});
  CHECK(take_all(bucket, 100) == 3);
}

TEST_CASE("token bucket: without a rate the first bucketful is all") {
  TokenBucket bucket(0, 3, {0});
  CHECK_FALSE(bucket.has(4));
  CHECK(take_all(bucket, 100) == 3);
  bucket.fill({1'000'000'000'000});
  CHECK(take_all(bucket, 100) == 0);
}

}  // namespace nakadachi::socket
