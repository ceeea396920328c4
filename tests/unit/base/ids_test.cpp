#include "nakadachi/base/ids.hpp"

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;

TEST_CASE("a request key tells its time", "[base]") {
  SeededRandom random(1);
  const Timestamp now{1'800'000'123'456};
  const RequestKey key = make_request_key(now, random);
  CHECK(time_of(key) == now);
  CHECK(make_request_key(now, random) != key);
}

TEST_CASE("exchange ids are ordered by time and tell only 64 seconds", "[base]") {
  SeededRandom random(2);
  const Timestamp now{1'800'000'000'000};
  const auto first = make_exchange_id(now, random.make<Digest>());
  const auto same_bucket = make_exchange_id(now + 1, random.make<Digest>());
  const auto later = make_exchange_id(now + kBucketMs, random.make<Digest>());
  CHECK(bucket_of(first) == bucket_of(now));
  CHECK(bucket_of(first) == bucket_of(same_bucket));
  CHECK(first < later);
  CHECK(same_bucket < later);
  CHECK(first_id_of_bucket(bucket_of(later)) <= later);
  CHECK(first < first_id_of_bucket(bucket_of(later)));
}

TEST_CASE("hexadecimal goes both ways", "[base]") {
  const Bytes bytes = {0x00, 0x7F, 0xA0, 0xFF};
  CHECK(to_hex(bytes) == "007fa0ff");
  CHECK(from_hex("007FA0ff") == bytes);
  CHECK_FALSE(from_hex("0").has_value());
  CHECK_FALSE(from_hex("0g").has_value());
}

TEST_CASE("a seeded random repeats, the kernel's does not", "[base]") {
  SeededRandom one(7);
  SeededRandom two(7);
  CHECK(one.make<Digest>() == two.make<Digest>());
  SystemRandom system;
  CHECK(system.make<Digest>() != system.make<Digest>());
  std::vector<std::uint8_t> large(10'000);
  system.fill(large);
  CHECK(std::count(large.begin(), large.end(), 0) < 100);
}

TEST_CASE("times are written in ISO 8601", "[base]") {
  CHECK(to_iso8601(Timestamp{0}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_iso8601(Timestamp{1'781'398'923'004}) == "2026-06-14T01:02:03.004Z");
}
