#include "apps/nakadachi/admin_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "nakadachi/copies/change.hpp"
#include "nakadachi/rules/item_number.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::size_t kPart = 5'000;
constexpr std::int64_t kHoursOfJapanMs = std::int64_t{9} * 3'600'000;

Error missing(std::string_view option) {
  return {.code = ErrorCode::kMissingField, .field = option};
}

}  // namespace

void add_admin_options(CommandLine command, AdminOptions& options, Needs needs) {
  command.add_option("--endpoint", options.endpoint, "admin door, as in tcp://10.0.0.1:5703")
      .from_environment("NAKADACHI_ADMIN_ENDPOINT");
  command.add_option("--server-key", options.server_key, "public key of the door (Z85)")
      .from_environment("NAKADACHI_ADMIN_SERVER_KEY");
  command.add_option("--key-file", options.key_file, "your key pair (nakadachi keys curve)")
      .from_environment("NAKADACHI_ADMIN_KEY_FILE");
  add_json_option(command, options.json);
  if (needs == Needs::kOperator) return;
  command.add_option("--institution", options.institution, "code of yours, 16 digits")
      .from_environment("NAKADACHI_INSTITUTION");
  if (needs == Needs::kReading) return;
  command.add_option("--who", options.who, "who makes the change; recorded")
      .from_environment("NAKADACHI_WHO");
  command.add_option("--why", options.why, "why the change is made; recorded");
}

Result<socket::CurvePublicKey> server_key_of(const std::string& text) {
  if (text.empty()) return missing("server-key");
  const auto key = socket::curve_key_from_z85(text);
  if (!key) return Error{.code = ErrorCode::kConfigInvalid, .field = "server-key"};
  return *key;
}

Result<socket::CurveKeyPair> key_pair_of(const std::string& path) {
  if (path.empty()) return missing("key-file");
  return socket::CurveKeyPair::load(path);
}

Result<Desk> Desk::open(const AdminOptions& options, Needs needs) {
  if (options.endpoint.empty()) return missing("endpoint");
  Desk desk;
  if (needs != Needs::kOperator) {
    if (options.institution.empty()) return missing("institution");
    NAKADACHI_TRY(desk.institution_, InstitutionCode::parse(options.institution));
  }
  if (needs == Needs::kReason) {
    NAKADACHI_TRY(const auto reason, copies::ChangeReason::make(options.who, options.why));
    desk.who_ = reason.who();
    desk.why_ = reason.why();
  }
  NAKADACHI_TRY(const auto server_key, server_key_of(options.server_key));
  NAKADACHI_TRY(const auto keys, key_pair_of(options.key_file));
  NAKADACHI_TRY(desk.client_,
                admin::Client::connect(
                    {.endpoint = options.endpoint, .server_key = server_key, .keys = keys}));
  return desk;
}

wire::AdminRequest Desk::request(wire::AdminCommand command) const {
  return {.key = {},
          .institution = institution_,
          .who = who_,
          .why = why_,
          .command = std::move(command)};
}

void Desk::ask_all(std::vector<wire::AdminCommand> commands,
                   const admin::Client::OnAnswer& on_answer) {
  for (std::size_t begin = 0; begin < commands.size(); begin += kPart) {
    const std::size_t end = std::min(begin + kPart, commands.size());
    std::vector<wire::AdminRequest> part;
    part.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) part.push_back(request(std::move(commands[i])));
    client_->ask_all(std::move(part),
                     [&on_answer, begin](std::size_t place, Result<wire::AdminAnswer> answer) {
                       on_answer(begin + place, std::move(answer));
                     });
  }
}

std::string shown(const AddressNumber& person) { return fmt::format("{:015}", person.reveal()); }

std::string shown_in_japan(Timestamp at) {
  std::string text = to_iso8601(at + kHoursOfJapanMs).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

std::string shown_item(std::uint16_t legal_item) {
  const unsigned number = legal_item % 1000U;
  const unsigned branch = legal_item / 1000U;
  const std::string text =
      branch == 0 ? fmt::format("{}", number) : fmt::format("{}-{}", number, branch);
  const auto item = rules::ItemNumber::parse(text);
  return item ? item->text() : std::string("-");
}

void add_csv_option(CommandLine command, AdminOptions& options) {
  command.add_flag("--csv", options.csv, "CSV, UTF-8");
}

void print_rows(const AdminOptions& options, const nlohmann::json& rows,
                std::span<const ListColumn> columns) {
  if (!options.csv) return print_json(rows);
  fmt::print("{}", list_csv(rows, columns, options.japanese()));
}

void Failures::add(std::size_t place, const Error& error, const AdminOptions& options) {
  fmt::print(stderr, "{} {}: {}\n", options.say("row", "行"), place + 1,
             describe(error, options.japanese() ? Language::kJapanese : Language::kEnglish));
  if (!first_) first_ = error;
}

Result<void> Failures::result() const {
  if (first_) return *first_;
  return {};
}

void print_done(const AdminOptions& options, const wire::Done& done) {
  if (options.json) return print_json({{"changed", done.count}});
  fmt::print("{}\n", done.count > 0 ? options.say("done", "変更しました")
                                    : options.say("nothing to do: it was so already",
                                                  "変更はありません（既にその状態です）"));
}

}  // namespace nakadachi::apps
