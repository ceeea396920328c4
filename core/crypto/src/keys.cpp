#include "nakadachi/crypto/keys.hpp"

#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "botan_compat.hpp"
#include "files.hpp"
#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"

namespace nakadachi::crypto {
namespace {

// The key file, docs/protocol/seals.md.
constexpr std::string_view kFileText = "nakadachi root key v1\n";
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHeadSize = kFileText.size() + 3 * 4 + kSaltSize + Aead::kNonceSize;
constexpr std::size_t kFileSize = kHeadSize + RootKey::kSize + Aead::kTagSize + Digest::kSize;

// What a file may ask for before its passphrase is proven: at most 1 GiB and
// about a minute, whoever wrote it.
constexpr std::uint32_t kMostMemoryKib = 1024 * 1024;
constexpr std::uint32_t kMostIterations = 64;
constexpr std::uint32_t kMostThreads = 16;

// A wrapped key.
constexpr std::uint8_t kWrapVersion = 1;
constexpr std::string_view kWrapText = "nakadachi wrapped key v1";

constexpr std::size_t kMostPassphraseBytes = 4096;

bool is_acceptable(const PassphraseCost& cost) {
  return cost.threads >= 1 && cost.threads <= kMostThreads &&
         cost.memory_kib >= 8 * cost.threads &&  // RFC 9106 3.1
         cost.memory_kib <= kMostMemoryKib && cost.iterations >= 1 &&
         cost.iterations <= kMostIterations;
}

/// The key a passphrase makes. Errors: `kFileProblem` when the memory cannot be had.
Result<SecretBytes> stretch(const SecretBytes& passphrase, ByteView salt,
                            const PassphraseCost& cost, const std::string& path) {
  SecretBytes key(Aead::kKeySize);
  const std::string_view text = as_chars(passphrase.view());
  try {
    const auto argon2id = Botan::PasswordHashFamily::create_or_throw("Argon2id")
                              ->from_params(cost.memory_kib, cost.iterations, cost.threads);
    argon2id->derive_key(key.writable().data(), key.size(), text.data(), text.size(), salt.data(),
                         salt.size());
  } catch (const std::exception& failure) {  // Botan's own, and std::bad_alloc
    return Error{.code = ErrorCode::kFileProblem,
                 .field = "passphrase_cost",
                 .detail = path + ": Argon2id: " + failure.what()};
  }
  return key;
}

struct FileHead {
  PassphraseCost cost;
  ByteView salt;
  Aead::Nonce nonce;
};

Bytes head_bytes(const PassphraseCost& cost, ByteView salt, const Aead::Nonce& nonce) {
  Bytes bytes;
  bytes.reserve(kFileSize);
  append(bytes, as_bytes(kFileText));
  append_big_endian<4>(bytes, cost.memory_kib);
  append_big_endian<4>(bytes, cost.iterations);
  append_big_endian<4>(bytes, cost.threads);
  append(bytes, salt);
  append(bytes, nonce.view());
  return bytes;
}

/// Nothing when the file is damaged. The check sum at its end tells damage from
/// a wrong passphrase; who changes the file on purpose is met by the seal.
std::optional<FileHead> read_head(ByteView file) {
  if (file.size() != kFileSize) return std::nullopt;
  const ByteView summed = file.first(kFileSize - Digest::kSize);
  if (!equal_in_constant_time(sha256({summed}).view(), file.last(Digest::kSize))) {
    return std::nullopt;
  }
  Reader reader(file);
  FileHead head;
  reader.expect(kFileText);
  head.cost.memory_kib = static_cast<std::uint32_t>(reader.number<4>());
  head.cost.iterations = static_cast<std::uint32_t>(reader.number<4>());
  head.cost.threads = static_cast<std::uint32_t>(reader.number<4>());
  head.salt = reader.take(kSaltSize);
  head.nonce = reader.fixed<Aead::Nonce>();
  if (reader.failed() || !is_acceptable(head.cost)) return std::nullopt;
  return head;
}

Bytes wrap_context(std::string_view context) {
  Bytes bytes;
  append(bytes, as_bytes(kWrapText));
  append(bytes, as_bytes(context));
  return bytes;
}

Aead wrapping_cipher(const SecretBytes& root) {
  return Aead(derive_key(root, "nakadachi wrap v1", {}, Aead::kKeySize));
}

/// Moves opened bytes to where they are wiped.
SecretBytes take_secret(Bytes& plain) {
  SecretBytes secret{ByteView(plain)};
  wipe(plain.data(), plain.size());
  return secret;
}

}  // namespace

Result<RootKey> RootKey::create(const std::string& path, const SecretBytes& passphrase,
                                Random& random, const PassphraseCost& cost) {
  if (passphrase.empty()) return Error{.code = ErrorCode::kWrongLength, .field = "passphrase"};
  if (!is_acceptable(cost)) {
    return Error{.code = ErrorCode::kWrongLength, .field = "passphrase_cost"};
  }
  std::array<std::uint8_t, kSaltSize> salt{};
  random.fill(salt);
  const auto nonce = random.make<Aead::Nonce>();
  SecretBytes root(kSize);
  random.fill(root.writable());

  NAKADACHI_TRY(const SecretBytes key, stretch(passphrase, salt, cost, path));
  Bytes file = head_bytes(cost, salt, nonce);
  const Bytes head = file;
  Aead(key).seal(nonce, head, root.view(), file);
  append(file, sha256({file}).view());
  NAKADACHI_CHECK(write_new_file(path, file));
  return RootKey(std::move(root));
}

Result<RootKey> RootKey::open(const std::string& path, const SecretBytes& passphrase) {
  NAKADACHI_TRY(const SecretBytes file, read_file(path, kFileSize + 1, Readers::kNotChecked));
  const auto head = read_head(file.view());
  if (!head.has_value()) return Error{.code = ErrorCode::kKeyFileDamaged, .detail = path};
  NAKADACHI_TRY(const SecretBytes key, stretch(passphrase, head->salt, head->cost, path));
  const ByteView sealed = file.view().subspan(kHeadSize, kSize + Aead::kTagSize);
  auto root = Aead(key).open(head->nonce, file.view().first(kHeadSize), sealed);
  if (!root.ok()) return Error{.code = ErrorCode::kWrongPassphrase, .detail = path};
  return RootKey(take_secret(*root));
}

Result<RootKey> RootKey::from_credential(const std::string& path) {
  NAKADACHI_TRY(SecretBytes bytes, read_file(path, kSize + 1, Readers::kNotChecked));
  if (bytes.size() != kSize) {
    return Error{.code = ErrorCode::kWrongLength, .field = "root_key", .detail = path};
  }
  return RootKey(std::move(bytes));
}

RootKey RootKey::from_bytes(const SecretBytes& bytes) {
  NAKADACHI_ASSERT(bytes.size() == kSize);
  return RootKey(bytes);
}

Bytes RootKey::wrap(const SecretBytes& secret, std::string_view context, Random& random) const {
  const auto nonce = random.make<Aead::Nonce>();
  Bytes wrapped{kWrapVersion};
  append(wrapped, nonce.view());
  wrapping_cipher(bytes_).seal(nonce, wrap_context(context), secret.view(), wrapped);
  return wrapped;
}

Result<SecretBytes> RootKey::unwrap(ByteView wrapped, std::string_view context) const {
  Reader reader(wrapped);
  const bool known = reader.number<1>() == kWrapVersion;
  const auto nonce = reader.fixed<Aead::Nonce>();
  const ByteView sealed = reader.take(reader.left());
  if (reader.failed() || !known) {
    return Error{.code = ErrorCode::kKeyUnavailable, .detail = "not a wrapped key of version 1"};
  }
  auto secret = wrapping_cipher(bytes_).open(nonce, wrap_context(context), sealed);
  if (!secret.ok()) {
    return Error{.code = ErrorCode::kKeyUnavailable,
                 .detail = "wrapped under another root key or for another purpose"};
  }
  return take_secret(*secret);
}

Result<SecretBytes> read_passphrase_file(const std::string& path) {
  NAKADACHI_TRY(const SecretBytes content,
                read_file(path, kMostPassphraseBytes + 2, Readers::kOwnerOnly));
  std::string_view line = as_chars(content.view());
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.size() > kMostPassphraseBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = "passphrase", .detail = path};
  }
  return SecretBytes(as_bytes(line));
}

}  // namespace nakadachi::crypto
