#pragma once

#include <string>
#include <string_view>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::socket {

/// Public key of one end of a connection (CurveZMQ, RFC 26).
using CurvePublicKey = FixedBytes<struct CurvePublicKeyTag, 32>;

/// The 40 characters in which such keys are written (Z85, RFC 32).
std::string to_z85(const CurvePublicKey& key);
/// Errors: `kWrongLength`, `kWrongFormat`.
Result<CurvePublicKey> curve_key_from_z85(std::string_view text);

/// The key pair by which one end of a connection is known to the other.
class CurveKeyPair {
 public:
  /// A new pair from the messaging library's own generator. Make pairs before the
  /// first `Loop`, or on one thread at a time.
  static CurveKeyPair make();

  /// Reads a file that `save` wrote. Errors: `kFileProblem` (also when others than
  /// the owner may read it, or it is a symbolic link), `kKeyFileDamaged` (also
  /// when the two keys do not belong together). A file of root's with mode 0440 is
  /// taken: so systemd hands over credentials.
  static Result<CurveKeyPair> load(const std::string& path);

  /// Writes the pair to a new file (mode 0600) and has it on disk when it returns.
  /// Errors: `kFileProblem`, also when the file exists: nothing is overwritten.
  /// A file that could not be written to its end is removed again.
  Result<void> save(const std::string& path) const;

  const CurvePublicKey& public_key() const noexcept { return public_key_; }
  /// 32 bytes.
  const SecretBytes& secret() const noexcept { return secret_; }

 private:
  CurveKeyPair(const CurvePublicKey& public_key, SecretBytes secret)
      : public_key_(public_key), secret_(std::move(secret)) {}

  CurvePublicKey public_key_;
  SecretBytes secret_;
};

}  // namespace nakadachi::socket
