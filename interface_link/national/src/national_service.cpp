#include "nakadachi/national/national_service.hpp"

#include <map>
#include <utility>

#include "nakadachi/base/log.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/national/hand_over.hpp"

namespace nakadachi::national {

class NationalService::Impl {
 public:
  Impl(NationalServiceConfig config, NationalSetup setup, const crypto::Signer& core_signer,
       const crypto::Verifier& verifier)
      : config_(std::move(config)), core_(std::move(setup), core_signer, verifier, random_) {}

  Result<void> start();
  Result<void> replace_law(rules::LawBook law, std::vector<AssessmentViolation> violations);
  void run() {
    loop_->run();
    log::write_counts("frames_refused", refused_frames_);
    log::write_counts("not_believed", core_.counts().errors);
  }
  void stop() { loop_->stop(); }
  const std::string& endpoint() const noexcept { return door_->endpoint(); }
  std::string resident_endpoint() const {
    return residents_ != nullptr ? residents_->endpoint() : "";
  }

 private:
  Result<void> open_resident_door();
  void on_hand_overs(const socket::Peer& peer, ByteView frame);
  void on_frame(const socket::Peer& peer, ByteView frame);
  void send_due(Timestamp now);

  NationalServiceConfig config_;
  SystemRandom random_;
  NationalCore core_;
  std::unique_ptr<socket::Loop> loop_;
  socket::Server* door_ = nullptr;
  socket::Server* residents_ = nullptr;              // null without resident systems
  std::map<socket::UserId, socket::Peer> gateways_;  ///< each one's newest connection
  std::map<ErrorCode, std::uint64_t> refused_frames_;
};

Result<void> NationalService::Impl::start() {
  NAKADACHI_TRY(loop_, socket::Loop::make());
  std::vector<socket::AccessTable::Entry> entries;
  entries.reserve(config_.gateways.size());
  for (const socket::CurvePublicKey& key : config_.gateways) {
    entries.push_back({.key = key, .user = {entries.size() + 1}});
  }
  NAKADACHI_TRY(auto table, socket::AccessTable::make(entries));
  socket::ServerConfig door{.name = "national",
                            .endpoint = config_.endpoint,
                            .keys = config_.keys,
                            .table = std::move(table),
                            .max_frame_bytes = limits::kMaxLinkFrameBytes,
                            .rate = socket::RateLimit::none(),
                            .queued_frames = 1'024};
  socket::ServerHandlers handlers;
  handlers.on_frame = [this](const socket::Peer& peer, ByteView frame) { on_frame(peer, frame); };
  NAKADACHI_TRY(door_, loop_->listen(std::move(door), std::move(handlers)));
  if (!config_.resident_endpoint.empty()) NAKADACHI_CHECK(open_resident_door());
  socket::TurnHooks hooks;
  hooks.deadline = [this] { return core_.deadline(); };
  hooks.on_turn_end = [this](Timestamp now) { send_due(now); };
  loop_->add_hooks(std::move(hooks));
  return {};
}

Result<void> NationalService::Impl::open_resident_door() {
  std::vector<socket::AccessTable::Entry> entries;
  entries.reserve(config_.resident_systems.size());
  for (const socket::CurvePublicKey& key : config_.resident_systems) {
    entries.push_back({.key = key, .user = {entries.size() + 1}});
  }
  NAKADACHI_TRY(auto table, socket::AccessTable::make(entries));
  socket::ServerConfig door{.name = "residents",
                            .endpoint = config_.resident_endpoint,
                            .keys = config_.keys,
                            .table = std::move(table),
                            .rate = socket::RateLimit::none()};
  socket::ServerHandlers handlers;
  handlers.on_frame = [this](const socket::Peer& peer, ByteView frame) {
    on_hand_overs(peer, frame);
  };
  NAKADACHI_TRY(residents_, loop_->listen(std::move(door), std::move(handlers)));
  return {};
}

Result<void> NationalService::Impl::replace_law(rules::LawBook law,
                                                std::vector<AssessmentViolation> violations) {
  const auto replaced = std::make_shared<std::pair<rules::LawBook, decltype(violations)>>(
      std::move(law), std::move(violations));
  return loop_->post([this, replaced] {
    core_.replace_law(std::move(replaced->first), std::move(replaced->second));
  });
}

/// A frame that cannot be read is taken as a whole or not at all: 0.
void NationalService::Impl::on_hand_overs(const socket::Peer& peer, ByteView frame) {
  const auto hand_overs = decode_hand_overs(frame);
  if (!hand_overs) {
    ++refused_frames_[hand_overs.error().code];
    residents_->send(peer, encode_taken(0));
    return;
  }
  for (const HandOver& one : *hand_overs) {
    core_.on_hand_over(one.institution, one.acquisition_number,
                       config_.person_of(one.personal_number), loop_->now());
  }
  residents_->send(peer, encode_taken(static_cast<std::uint32_t>(hand_overs->size())));
}

void NationalService::Impl::on_frame(const socket::Peer& peer, ByteView frame) {
  gateways_.insert_or_assign(peer.user, peer);
  auto decoded = wire::decode_link_frame(frame);
  if (!decoded) {
    ++refused_frames_[decoded.error().code];
    return;
  }
  core_.on_items(std::move(decoded->items), loop_->now());
}

void NationalService::Impl::send_due(Timestamp now) {
  if (const auto issued = core_.take_issued(); !issued.empty()) {
    if (const auto kept = config_.keep_issued(issued); !kept) {
      log::write(log::Level::kError, "issued_symbols_not_kept", kept.error());
      return loop_->stop();
    }
  }
  if (gateways_.empty()) return;
  const auto items = core_.due(now);
  for (const Bytes& frame : wire::encode_link_frames(items)) {
    for (const auto& [user, gateway] : gateways_) door_->send(gateway, frame);
  }
}

NationalService::NationalService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NationalService::~NationalService() = default;

Result<std::unique_ptr<NationalService>> NationalService::start(NationalServiceConfig config,
                                                                NationalSetup setup,
                                                                const crypto::Signer& core_signer,
                                                                const crypto::Verifier& verifier) {
  auto impl = std::make_unique<Impl>(std::move(config), std::move(setup), core_signer, verifier);
  NAKADACHI_CHECK(impl->start());
  return std::unique_ptr<NationalService>(new NationalService(std::move(impl)));
}

const std::string& NationalService::endpoint() const noexcept { return impl_->endpoint(); }
std::string NationalService::resident_endpoint() const { return impl_->resident_endpoint(); }
Result<void> NationalService::replace_law(rules::LawBook law,
                                          std::vector<AssessmentViolation> violations) {
  return impl_->replace_law(std::move(law), std::move(violations));
}
void NationalService::run() { impl_->run(); }
void NationalService::stop() { impl_->stop(); }

}  // namespace nakadachi::national
