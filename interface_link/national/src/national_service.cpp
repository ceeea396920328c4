#include "nakadachi/national/national_service.hpp"

#include <map>
#include <utility>

#include "nakadachi/base/log.hpp"
#include "nakadachi/base/random.hpp"

namespace nakadachi::national {

class NationalService::Impl {
 public:
  Impl(NationalServiceConfig config, NationalSetup setup, const crypto::Signer& core_signer,
       const crypto::Verifier& verifier)
      : config_(std::move(config)), core_(std::move(setup), core_signer, verifier, random_) {}

  Result<void> start();
  void run() {
    loop_->run();
    log::write_counts("frames_refused", refused_frames_);
    log::write_counts("not_believed", core_.counts().errors);
  }
  void stop() { loop_->stop(); }
  const std::string& endpoint() const noexcept { return door_->endpoint(); }

 private:
  void on_frame(const socket::Peer& peer, ByteView frame);
  void send_due(Timestamp now);

  NationalServiceConfig config_;
  SystemRandom random_;
  NationalCore core_;
  std::unique_ptr<socket::Loop> loop_;
  socket::Server* door_ = nullptr;
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
  socket::TurnHooks hooks;
  hooks.deadline = [this] { return core_.deadline(); };
  hooks.on_turn_end = [this](Timestamp now) { send_due(now); };
  loop_->add_hooks(std::move(hooks));
  return {};
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
void NationalService::run() { impl_->run(); }
void NationalService::stop() { impl_->stop(); }

}  // namespace nakadachi::national
