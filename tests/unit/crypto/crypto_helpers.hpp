#pragma once

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/secret.hpp"
#include "nakadachi/crypto/signing.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::crypto::test {

using testing::TempFolder;

inline Bytes hex(std::string_view text) {
  auto bytes = from_hex(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

template <class Fixed>
Fixed fixed(std::string_view text) {
  const auto made = Fixed::from(hex(text));
  REQUIRE(made.has_value());
  return *made;
}

/// `Fixed::kSize` bytes of one value.
template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed made;
  for (std::uint8_t& each : made.writable()) each = byte;
  return made;
}

inline SecretBytes secret(std::string_view text) { return SecretBytes(hex(text)); }
inline SecretBytes secret_of(std::string_view chars) { return SecretBytes(as_bytes(chars)); }
inline SecretBytes filled_secret(std::uint8_t byte, std::size_t size = 32) {
  return SecretBytes(Bytes(size, byte));
}

inline InstitutionCode institution(std::uint64_t number) {
  return InstitutionCode::from_number(number).value();
}

/// first, first + 1, … (size bytes).
inline Bytes run(std::uint8_t first, std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(first + i));
  return bytes;
}

inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }

inline std::string write_file(const std::string& path, ByteView content, unsigned mode = 0600) {
  std::ofstream(path, std::ios::binary) << as_chars(content);
  REQUIRE(::chmod(path.c_str(), static_cast<::mode_t>(mode)) == 0);
  return path;
}

inline Bytes read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Runs `check` in a process of its own, for what cannot be undone. True when it was.
template <class Check>
bool holds_in_child(Check check) {
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Takes every signature for good, to reach what stands behind the check, and counts.
class TrustingVerifier final : public Verifier {
 public:
  bool verify(const PublicKey&, ByteView, const Signature&) const override {
    ++asked;
    return true;
  }
  mutable int asked = 0;
};

/// Checks as Ed25519Verifier does, and counts.
class CountingVerifier final : public Verifier {
 public:
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    ++asked;
    return real_.verify(key, message, signature);
  }
  mutable int asked = 0;

 private:
  Ed25519Verifier real_;
};

}  // namespace nakadachi::crypto::test
