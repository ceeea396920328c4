#include "nakadachi/base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi {
namespace {

void read_kernel(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    NAKADACHI_ASSERT(got > 0);  // going on without randomness would be worse than ending
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t splitmix(std::uint64_t& state) noexcept {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31);
}

constexpr std::uint64_t rotate_left(std::uint64_t value, int by) noexcept {
  return (value << by) | (value >> (64 - by));
}

}  // namespace

std::uint64_t Random::next_u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

SystemRandom::~SystemRandom() { wipe(block_.data(), block_.size()); }

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (out.size() > block_.size()) return read_kernel(out);
  if (out.size() > left_) {
    read_kernel(block_);
    left_ = block_.size();
  }
  const auto from = std::span(block_).subspan(block_.size() - left_, out.size());
  std::copy(from.begin(), from.end(), out.begin());
  wipe(from.data(), from.size());
  left_ -= out.size();
}

SeededRandom::SeededRandom(std::uint64_t seed) noexcept : state_{} {
  for (std::uint64_t& word : state_) word = splitmix(seed);
}

std::uint64_t SeededRandom::next() noexcept {
  const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

std::uint64_t SeededRandom::below(std::uint64_t bound) noexcept {
  NAKADACHI_ASSERT(bound > 0);
  return next() % bound;  // the bias of 2^-64 per unit of bound does not matter to tests
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 0) word = next();
    out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
  }
}

}  // namespace nakadachi
