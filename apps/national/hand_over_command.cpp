#include "apps/national/hand_over_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <vector>

#include "apps/common/text_table.hpp"
#include "nakadachi/national/hand_over.hpp"
#include "nakadachi/socket/loop.hpp"

namespace nakadachi::apps {
namespace {

using national::HandOver;

constexpr std::int64_t kPatienceMs = 30'000;

Result<std::vector<HandOver>> read_hand_overs(const std::string& path) {
  std::vector<HandOver> hand_overs;
  NAKADACHI_CHECK(read_rows(path, 3, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::parse(fields[0]));
    const auto acquisition_number = parse_decimal<std::uint64_t>(fields[1]);
    const auto personal_number = parse_decimal<std::uint64_t>(fields[2]);
    if (!acquisition_number || !personal_number) {
      return Error{.code = ErrorCode::kWrongFormat, .field = "number"};
    }
    hand_overs.push_back({institution, *acquisition_number, *personal_number});
    return {};
  }));
  return hand_overs;
}

/// Sends one frame after another, each when the one before was taken.
class Sender {
 public:
  Sender(const HandOverOptions& options, std::vector<HandOver> hand_overs)
      : options_(options), hand_overs_(std::move(hand_overs)) {}

  Result<void> run() {
    NAKADACHI_TRY(const auto server_key, socket::curve_key_from_z85(options_.server_key));
    NAKADACHI_TRY(socket::CurveKeyPair keys, socket::CurveKeyPair::load(options_.key_file));
    NAKADACHI_TRY(loop_, socket::Loop::make());
    socket::ClientHandlers handlers;
    handlers.on_connected = [this] { send_next(); };
    handlers.on_frame = [this](ByteView frame) { on_taken(frame); };
    NAKADACHI_TRY(connection_, loop_->connect({.name = "residents",
                                               .endpoint = options_.endpoint,
                                               .server_key = server_key,
                                               .keys = std::move(keys)},
                                              std::move(handlers)));
    const Timestamp give_up_at = loop_->now() + kPatienceMs;
    loop_->add_hooks({.deadline = [=] { return give_up_at; },
                      .on_deadline =
                          [this](Timestamp) {
                            result_ = ErrorCode::kTimedOut;
                            loop_->stop();
                          },
                      .on_turn_end = {}});
    loop_->run();
    return result_;
  }

 private:
  std::size_t next_size() const {
    return std::min(national::kMaxHandOversPerFrame, hand_overs_.size() - taken_);
  }

  void send_next() {
    if (taken_ == hand_overs_.size()) return loop_->stop();
    const std::span<const HandOver> all(hand_overs_);
    connection_->send(national::encode_hand_overs(all.subspan(taken_, next_size())));
  }

  void on_taken(ByteView frame) {
    const auto count = national::decode_taken(frame);
    if (!count || *count != next_size()) {
      result_ = Error{.code = ErrorCode::kMalformedFrame,
                      .detail = fmt::format("rows {} and following were not taken", taken_ + 1)};
      return loop_->stop();
    }
    taken_ += *count;
    send_next();
  }

  const HandOverOptions& options_;
  std::vector<HandOver> hand_overs_;
  std::size_t taken_ = 0;
  std::unique_ptr<socket::Loop> loop_;
  socket::Client* connection_ = nullptr;
  Result<void> result_;
};

}  // namespace

Result<void> hand_over(const HandOverOptions& options) {
  NAKADACHI_TRY(auto hand_overs, read_hand_overs(options.file));
  return Sender(options, std::move(hand_overs)).run();
}

}  // namespace nakadachi::apps
