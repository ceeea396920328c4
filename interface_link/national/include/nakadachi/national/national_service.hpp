#pragma once

#include <memory>
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
};

/// The reference national system at work: `NationalCore` behind a door for
/// gateways. Answers go to every gateway that has spoken; one that does not know
/// the institution drops them. One thread.
class NationalService {
 public:
  /// `core_signer` and `verifier` outlive the service. Errors: those of `socket::Loop::listen`.
  static Result<std::unique_ptr<NationalService>> start(NationalServiceConfig config,
                                                        NationalSetup setup,
                                                        const crypto::Signer& core_signer,
                                                        const crypto::Verifier& verifier);
  ~NationalService();
  const std::string& endpoint() const noexcept;
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
