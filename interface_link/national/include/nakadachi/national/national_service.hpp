#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nakadachi/crypto/signing.hpp"
#include "nakadachi/national/national_core.hpp"
#include "nakadachi/socket/loop.hpp"

namespace nakadachi::national {

struct NationalServiceConfig {
  std::string endpoint;
  socket::CurveKeyPair keys;
  std::vector<socket::CurvePublicKey> gateways;

  /// Where resident systems hand over; empty: nowhere.
  std::string resident_endpoint;
  std::vector<socket::CurvePublicKey> resident_systems;
  /// 機構: from 個人番号 by way of 住民票コード to the core's own name of the person.
  std::function<crypto::PersonId(std::uint64_t personal_number)> person_of;
  /// Stores what changed about issued symbols, before anything of it is sent.
  std::function<Result<void>(std::span<const IssuedSymbol>)> keep_issued;
};

/// The reference national system at work: `NationalCore` behind a door for
/// gateways and one for resident systems. Answers go to every gateway that has spoken; one that
/// does not know the institution drops them. One thread.
class NationalService {
 public:
  /// `core_signer` and `verifier` outlive the service. Errors: those of `socket::Loop::listen`.
  static Result<std::unique_ptr<NationalService>> start(NationalServiceConfig config,
                                                        NationalSetup setup,
                                                        const crypto::Signer& core_signer,
                                                        const crypto::Verifier& verifier);
  ~NationalService();
  const std::string& endpoint() const noexcept;
  /// Where resident systems hand over; empty without such a door.
  std::string resident_endpoint() const;
  /// As `NationalCore::replace_law`. Errors: `kShuttingDown`, `kQueueFull`; nothing has changed
  /// then. Any thread.
  Result<void> replace_law(rules::LawBook law, std::vector<AssessmentViolation> violations);
  /// Works until `stop`. On the thread that called `start`.
  void run();
  /// Any thread.
  void stop();

 private:
  class Impl;
  explicit NationalService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::national
