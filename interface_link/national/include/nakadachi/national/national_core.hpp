#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/symbol_cipher.hpp"
#include "nakadachi/rules/legal_table.hpp"
#include "nakadachi/wire/link_frame.hpp"
#include "nakadachi/wire/proven_batch.hpp"

namespace nakadachi::national {

struct NationalSetup {
  crypto::TrustRoots roots;
  crypto::Registry registry;
  rules::LegalTable law;
  SecretBytes symbol_root;      ///< crypto::SymbolCipher
  std::int64_t latency_ms = 0;  ///< what the real network would add, each way
};

struct NationalCounts {
  std::uint64_t permits = 0;
  std::uint64_t refusals = 0;
  std::uint64_t relayed = 0;
  std::map<ErrorCode, std::uint64_t> errors;
};

/// The reference national system as a pure state machine: core system
/// (コアシステム: judges, translates symbols, signs permits and refusals) and
/// interface system (インターフェイスシステム: relays what it cannot read).
///
/// Keeps nothing of an exchange: a request seen twice gets two permits of the
/// same content, and the provider honours one. Where the real specification is
/// not public it keeps to 番号法 21条, 21条の2, 施行令 20条–28条, 施行命令 40条–46条.
/// One thread.
class NationalCore {
 public:
  /// `core_signer` is the key of `setup.roots.core_key`. All outlive the core.
  NationalCore(NationalSetup setup, const crypto::Signer& core_signer,
               const crypto::Verifier& verifier, Random& random);

  /// Takes in a frame's items. What they lead to comes out of `due`.
  void on_items(std::vector<wire::LinkItem> items, Timestamp now);

  /// What may leave by now, signed. Call after `on_items` and at `deadline`.
  std::vector<wire::LinkItem> due(Timestamp now);

  /// When `due` will have something next.
  std::optional<Timestamp> deadline() const;

  const NationalCounts& counts() const noexcept { return counts_; }

 private:
  struct Waiting {
    Timestamp at;
    wire::LinkItem item;
    bool to_sign = false;
  };
  void on_inquiry(const wire::LinkItem& item, Timestamp now);
  void relay(wire::LinkItem item, Timestamp now);
  void refuse(const exchange::Inquiry& inquiry, const Digest& request_hash, ErrorCode reason,
              Timestamp now);
  void wait(wire::LinkItem item, bool to_sign, Timestamp now);
  void count(ErrorCode code) { ++counts_.errors[code]; }

  NationalSetup setup_;
  const crypto::Signer* core_signer_;
  Random* random_;
  wire::ItemVerifier items_;
  crypto::SymbolCipher symbols_;
  std::deque<Waiting> waiting_;  // in order of time: the latency is the same for all
  std::uint64_t batch_number_ = 0;
  NationalCounts counts_;
};

}  // namespace nakadachi::national
