#include "nakadachi/admin/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "nakadachi/base/random.hpp"
#include "nakadachi/socket/loop.hpp"

namespace nakadachi::admin {
namespace {

constexpr std::int64_t kPauseMs = 100;  // after a request was turned away
constexpr std::size_t kFrameRoom = limits::kMaxClientFrameBytes / 2;

/// What a request takes of a frame, about.
std::size_t room_for(const wire::AdminRequest& request) {
  constexpr std::size_t kBesidesContent = 1'024;
  const auto* const put = std::get_if<wire::PutCopy>(&request.command);
  return kBesidesContent + (put != nullptr ? put->content.size() : 0);
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(const Config& config) : config_(config) {}
  ~Impl() {
    if (!thread_) return;
    loop_->stop();
    thread_.reset();
  }

  Result<void> start();
  void ask_all(std::vector<wire::AdminRequest> requests, const OnAnswer& on_answer);

 private:
  struct Open {
    std::size_t place = 0;
    wire::AdminRequest request;
    Timestamp give_up_at;
    Timestamp ask_at;
  };
  struct Answered {
    std::size_t place;
    Result<wire::AdminAnswer> answer;
  };

  // On the loop's thread.
  void send_due(Timestamp now);
  void on_frame(ByteView frame);
  void on_deadline(Timestamp now);
  void settle(const RequestKey& key, Result<wire::AdminAnswer> answer);
  std::optional<Timestamp> deadline() const;

  Config config_;
  std::unique_ptr<socket::Loop> loop_;
  socket::Client* connection_ = nullptr;
  bool has_room_ = false;
  std::map<RequestKey, Open> open_;
  std::set<std::pair<Timestamp, RequestKey>> by_time_;  // when each is to be asked (again)

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answered> answered_;  // guarded by mutex_
  std::unique_ptr<socket::LoopThread> thread_;
};

Result<void> Client::Impl::start() {
  NAKADACHI_TRY(loop_, socket::Loop::make());
  socket::ClientHandlers handlers;
  handlers.on_connected = [this] { has_room_ = true; };
  handlers.on_disconnected = [this] { has_room_ = false; };
  handlers.on_writable = [this] { has_room_ = true; };
  handlers.on_frame = [this](ByteView frame) { on_frame(frame); };
  NAKADACHI_TRY(connection_, loop_->connect({.name = "admin",
                                             .endpoint = config_.endpoint,
                                             .server_key = config_.server_key,
                                             .keys = config_.keys},
                                            std::move(handlers)));
  loop_->add_hooks({.deadline = [this] { return deadline(); },
                    .on_deadline = [this](Timestamp now) { on_deadline(now); },
                    .on_turn_end = [this](Timestamp now) { send_due(now); }});
  thread_ = std::make_unique<socket::LoopThread>(*loop_);
  return {};
}

void Client::Impl::ask_all(std::vector<wire::AdminRequest> requests, const OnAnswer& on_answer) {
  SystemRandom random;
  std::size_t next = 0;
  std::size_t under_way = 0;
  while (next < requests.size() || under_way > 0) {
    std::vector<Open> fresh;
    for (; next < requests.size() && under_way < config_.under_way; ++next, ++under_way) {
      const Timestamp now = loop_->now();
      requests[next].key = make_request_key(now, random);
      fresh.push_back(
          {next, std::move(requests[next]), now + config_.give_up_after_ms, Timestamp()});
    }
    const bool posted = fresh.empty() || loop_
                                             ->post([this, fresh] {
                                               for (const Open& open : fresh) {
                                                 by_time_.emplace(open.ask_at, open.request.key);
                                                 open_.emplace(open.request.key, open);
                                               }
                                             })
                                             .ok();
    NAKADACHI_ASSERT(posted);
    std::deque<Answered> told;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !answered_.empty(); });
      told.swap(answered_);
    }
    for (Answered& one : told) on_answer(one.place, std::move(one.answer));
    under_way -= told.size();
  }
}

std::optional<Timestamp> Client::Impl::deadline() const {
  std::optional<Timestamp> earliest;
  for (const auto& [key, open] : open_) {
    if (!earliest || open.give_up_at < *earliest) earliest = open.give_up_at;
  }
  // Without a connection only patience runs out.
  if (earliest && has_room_) earliest = std::min(*earliest, by_time_.begin()->first);
  return earliest;
}

void Client::Impl::on_deadline(Timestamp now) {
  std::vector<RequestKey> given_up;
  for (const auto& [key, open] : open_) {
    if (open.give_up_at <= now) given_up.push_back(key);
  }
  for (const RequestKey& key : given_up) settle(key, ErrorCode::kTimedOut);
}

void Client::Impl::send_due(Timestamp now) {
  while (has_room_ && !by_time_.empty() && by_time_.begin()->first <= now) {
    std::vector<wire::AdminRequest> batch;
    std::size_t room = 0;
    for (const auto& [at, key] : by_time_) {
      const wire::AdminRequest& request = open_.at(key).request;
      room += room_for(request);
      const bool full = !batch.empty() && room > kFrameRoom;
      if (at > now || full || batch.size() == limits::kMaxQueriesPerFrame) break;
      batch.push_back(request);
    }
    has_room_ = connection_->send(wire::encode_admin_requests(batch));
    if (!has_room_) return;
    for (const wire::AdminRequest& request : batch) {
      Open& open = open_.at(request.key);
      by_time_.erase({open.ask_at, request.key});
      open.ask_at = now + config_.ask_again_after_ms;
      by_time_.emplace(open.ask_at, request.key);
    }
  }
}

void Client::Impl::on_frame(ByteView frame) {
  auto decoded = wire::decode_admin_reply(frame);
  if (!decoded || !decoded->reply) return;  // what it was about is asked again
  wire::AdminReply& reply = *decoded->reply;
  const auto found = open_.find(reply.key);
  if (found == open_.end()) return;
  const bool later = !reply.answer && text_of(reply.answer.error().code).retry == Retry::kLater;
  if (!later) return settle(reply.key, std::move(reply.answer));
  Open& open = found->second;
  by_time_.erase({open.ask_at, reply.key});
  open.ask_at = loop_->now() + kPauseMs;
  by_time_.emplace(open.ask_at, reply.key);
}

void Client::Impl::settle(const RequestKey& key, Result<wire::AdminAnswer> answer) {
  const auto found = open_.find(key);
  by_time_.erase({found->second.ask_at, key});
  {
    const std::lock_guard lock(mutex_);
    answered_.push_back({found->second.place, std::move(answer)});
  }
  open_.erase(found);
  changed_.notify_one();
}

Error error_of(const wire::CopiesRefused& refused) {
  Error error{.code = refused.code, .field = "copy"};
  for (const copies::Finding& finding : refused.findings) {
    if (!error.detail.empty()) error.detail += "; ";
    if (finding.item != 0) error.detail += fmt::format("{} {}: ", finding.item, finding.name);
    error.detail += copies::text_of(finding.fault).name;
  }
  return error;
}

Result<wire::HeldRequests> all_held(Client& client, const InstitutionCode& institution,
                                    std::size_t at_most) {
  wire::HeldRequests all;
  wire::ListHeld list;
  do {
    NAKADACHI_TRY(auto page, as<wire::HeldRequests>(
                                 client.ask({.institution = institution, .command = list})));
    std::ranges::move(page.requests, std::back_inserter(all.requests));
    all.more = page.more && !page.requests.empty();
    if (!all.requests.empty()) {
      list.after = {all.requests.back().valid_until, all.requests.back().request};
    }
  } while (all.more && all.requests.size() < at_most);
  if (all.requests.size() > at_most) {
    all.requests.erase(all.requests.begin() + static_cast<std::ptrdiff_t>(at_most),
                       all.requests.end());
    all.more = true;
  }
  return all;
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const Config& config) {
  auto impl = std::make_unique<Impl>(config);
  NAKADACHI_CHECK(impl->start());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

void Client::ask_all(std::vector<wire::AdminRequest> requests, const OnAnswer& on_answer) {
  impl_->ask_all(std::move(requests), on_answer);
}

Result<wire::AdminAnswer> Client::ask(wire::AdminRequest request) {
  std::optional<Result<wire::AdminAnswer>> told;
  std::vector<wire::AdminRequest> requests;
  requests.push_back(std::move(request));
  ask_all(std::move(requests),
          [&told](std::size_t, Result<wire::AdminAnswer> answer) { told = std::move(answer); });
  return *std::move(told);
}

}  // namespace nakadachi::admin
