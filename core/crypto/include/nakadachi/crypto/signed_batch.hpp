#pragma once

#include <cstdint>
#include <deque>
#include <unordered_set>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/crypto/signing.hpp"

namespace nakadachi::crypto {

/// What a batch of statements was signed as. A batch for one purpose is worth
/// nothing for another.
enum class BatchPurpose : std::uint8_t {
  kTrain = 1,    ///< steps of one committed train, signed by a node
  kResend = 2,   ///< stored statements sent again, signed by a node
  kNotices = 3,  ///< permits and refusals, signed by the core system
  kStatus = 4    ///< questions what became of a request and their answers, signed by a node
};

/// The signed head of a batch: one signature for all its statements.
struct BatchHeader {
  BatchPurpose purpose = BatchPurpose::kTrain;
  PublicKey signer;
  LaneId lane;         ///< 0 unless a train
  Epoch epoch;         ///< 0 unless a train
  TrainNumber number;  ///< of the train, or a count of the signer's
  std::uint32_t size = 0;
  Digest root;
  Timestamp signed_at;
  Signature signature;

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// What is signed: "nakadachi batch v1", then every field but the signature in
/// the order above, integers big-endian in their own width. docs/protocol/trains.md.
Bytes signed_bytes(const BatchHeader& header);

/// Fills in signer and signature.
void sign_batch(BatchHeader& header, const Signer& signer);

/// Checks batch signatures and remembers the good ones, so a batch costs one
/// verification however many of its statements arrive in however many frames.
/// One object a thread.
class BatchVerifier {
 public:
  explicit BatchVerifier(const Verifier& verifier) : verifier_(&verifier) {}

  /// Errors: `kSignatureInvalid`. A bad header is not remembered.
  Result<void> check(const BatchHeader& header);

 private:
  static constexpr std::size_t kRemembered = 4096;
  const Verifier* verifier_;
  std::unordered_set<Digest> good_;
  std::deque<Digest> order_;
};

}  // namespace nakadachi::crypto
