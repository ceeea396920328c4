#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/secret.hpp"
#include "nakadachi/crypto/aead.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::crypto {

/// Cost of Argon2id (RFC 9106). Accepted: 8 KiB a thread to 1 GiB of memory, 1 to
/// 64 iterations, 1 to 16 threads.
struct PassphraseCost {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t iterations = 3;
  std::uint32_t threads = 1;
};

/// The key that wraps every tenant's key. Lives in locked memory only; on disk
/// it stands wrapped under a passphrase (key file) or is handed over by systemd.
class RootKey {
 public:
  static constexpr std::size_t kSize = 32;

  /// Makes a random root key and writes it to a new file (mode 0600), wrapped
  /// under the passphrase. Errors: `kFileProblem` (also when the file exists:
  /// nothing is overwritten); an empty passphrase or a cost that is not accepted is
  /// `kWrongLength`. No file is left after a failure.
  static Result<RootKey> create(const std::string& path, const SecretBytes& passphrase,
                                Random& random, const PassphraseCost& cost = {});
  /// Errors: `kFileProblem` (also when the memory the file's cost asks for cannot
  /// be had), `kKeyFileDamaged`, `kWrongPassphrase`.
  static Result<RootKey> open(const std::string& path, const SecretBytes& passphrase);
  /// From a systemd credential file holding exactly `kSize` bytes.
  /// Errors: `kFileProblem`, `kWrongLength`.
  static Result<RootKey> from_credential(const std::string& path);
  /// For tests and simulations.
  static RootKey from_bytes(const SecretBytes& bytes);

  /// Wraps `secret`, bound to `context` (who and what it is for).
  Bytes wrap(const SecretBytes& secret, std::string_view context, Random& random) const;
  /// Errors: `kKeyUnavailable` when it was wrapped under another root key or context.
  Result<SecretBytes> unwrap(ByteView wrapped, std::string_view context) const;

 private:
  explicit RootKey(SecretBytes bytes) : bytes_(std::move(bytes)) {}
  SecretBytes bytes_;
};

/// Reads a passphrase file: the first line, of at most 4096 bytes, without its
/// line end. Errors: `kFileProblem` (also when group or others have any permission,
/// or another user but root owns the file), `kWrongLength` when empty or too long.
Result<SecretBytes> read_passphrase_file(const std::string& path);

/// Where in the database a sealed value stands. Part of its associated data, so
/// a value moved to another tenant, table, column or row does not open.
struct SealedPlace {
  std::string_view table;
  std::string_view column;
  ByteView row;
};

/// Seals what one tenant stores. Holds every version of the tenant's key; seals
/// under the newest. Ciphers are kept keyed per (version, epoch, table), the
/// `kKeptCiphers` used last. One object a thread.
///
/// Sealed form: key version (4 bytes) ‖ epoch (4 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
/// An epoch is a random number that an object draws per table when it first seals
/// and after every `uses_per_epoch` seals. docs/protocol/seals.md.
class TenantCipher {
 public:
  static constexpr std::size_t kOverhead = 4 + 4 + Aead::kNonceSize + Aead::kTagSize;
  static constexpr std::size_t kMasterSize = 32;

  static constexpr std::uint64_t kUsesPerEpoch = std::uint64_t{1} << 28;
  static constexpr std::size_t kKeptCiphers = 256;

  /// Smaller `uses_per_epoch` are for tests; at most `kUsesPerEpoch`.
  explicit TenantCipher(TenantId tenant, std::uint64_t uses_per_epoch = kUsesPerEpoch)
      : tenant_(tenant), uses_per_epoch_(uses_per_epoch) {}

  /// Adds a version of the tenant's key, of `kMasterSize` bytes. The greatest
  /// version seals from now on. Adding a version again with the same key changes
  /// nothing; with another key it is a bug.
  void add_version(std::uint32_t version, SecretBytes master);
  bool has_key() const noexcept { return !masters_.empty(); }
  TenantId tenant() const noexcept { return tenant_; }

  /// Errors: `kKeyUnavailable` when no version was added.
  Result<Bytes> seal(const SealedPlace& place, ByteView plain, Random& random);
  /// Errors: `kKeyUnavailable` (version not held), `kSealBroken`.
  Result<Bytes> open(const SealedPlace& place, ByteView sealed);

  /// Keyed hash (blind index) for one institution and purpose, under the first
  /// version held so that it stays findable after a rotation: hold that version
  /// for as long as the index is used. Each part is hashed after its length, so
  /// equal bytes cut otherwise hash otherwise. Errors: `kKeyUnavailable` when no version was added.
  Result<Digest> keyed_hash(const InstitutionCode& institution, std::string_view purpose,
                            std::initializer_list<ByteView> parts);

 private:
  using CipherKey = std::tuple<std::uint32_t, std::uint32_t, std::string>;  // version, epoch, table
  struct KeptCipher {
    Aead cipher;
    std::uint64_t last_use = 0;
  };
  struct Sealing {
    std::uint32_t version = 0;
    std::uint32_t epoch = 0;
    std::uint64_t used = 0;  ///< 0: no epoch drawn yet
  };
  Sealing& sealing(std::string_view table, Random& random);
  KeptCipher* find_kept(std::uint32_t version, std::uint32_t epoch, std::string_view table);
  KeptCipher& keep(std::uint32_t version, std::uint32_t epoch, std::string_view table, Aead cipher);

  TenantId tenant_;
  std::uint64_t uses_per_epoch_;
  std::uint64_t uses_ = 0;
  std::map<std::uint32_t, SecretBytes> masters_;
  std::map<std::string, Sealing, std::less<>> sealing_;
  std::map<CipherKey, KeptCipher, std::less<>> ciphers_;
  std::map<std::tuple<InstitutionCode, std::string>, KeyedHash, std::less<>> hashes_;
};

}  // namespace nakadachi::crypto
