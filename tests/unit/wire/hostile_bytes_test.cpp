#include "tests/support/catch.hpp"
#include "tests/unit/wire/samples.hpp"

// Under the address and undefined-behaviour sanitizers these tests prove that no bytes from
// outside reach memory they should not.

namespace nakadachi::wire {

TEST_CASE("wire: no truncation is taken for the whole or brings a decoder down") {
  SeededRandom random(31);
  for (const Bytes& whole : samples::one_of_each(random)) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that reading past its end is seen.
      samples::decode_with_everything(
          Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    }
  }
  const Bytes inquiry = encode(samples::inquiry(random));
  for (std::size_t size = 0; size < inquiry.size(); ++size) {
    REQUIRE_FALSE(decode_inquiry(ByteView(inquiry).first(size)).ok());
  }
}

TEST_CASE("wire: no flipped bit brings a decoder down") {
  SeededRandom random(32);
  for (int round = 0; round < 3; ++round) {
    for (Bytes bytes : samples::one_of_each(random)) {
      for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
        samples::decode_with_everything(bytes);
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
      }
    }
  }
}

TEST_CASE("wire: no splice of valid bytes brings a decoder down") {
  SeededRandom random(33);
  const std::vector<Bytes> seeds = samples::one_of_each(random);
  const auto pick = [&]() -> const Bytes& {
    return seeds[static_cast<std::size_t>(random.below(seeds.size()))];
  };
  for (int i = 0; i < 50'000; ++i) {
    const Bytes& head = pick();
    const Bytes& tail = pick();
    Bytes spliced(head.begin(),
                  head.begin() + static_cast<std::ptrdiff_t>(random.below(head.size() + 1)));
    spliced.insert(spliced.end(),
                   tail.begin() + static_cast<std::ptrdiff_t>(random.below(tail.size() + 1)),
                   tail.end());
    samples::decode_with_everything(spliced);
  }
}

TEST_CASE("wire: a million random byte strings bring no decoder down") {
  SeededRandom random(34);
  Bytes bytes;
  for (int i = 0; i < 1'000'000; ++i) {
    bytes.resize(static_cast<std::size_t>(random.below(64)));
    random.fill(bytes);
    // Half of them get past the version, so that more than the first byte is tried.
    if (bytes.size() > 2 && random.chance(500)) {
      bytes[0] = 0x08;
      bytes[1] = 0x01;
      bytes[2] = static_cast<std::uint8_t>(8 * (2 + random.below(4)) + 2);
    }
    samples::decode_with_everything(bytes);
  }
}

}  // namespace nakadachi::wire
