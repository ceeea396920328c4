#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/common/command_line.hpp"
#include "apps/common/list_csv.hpp"
#include "apps/nakadachi/commands.hpp"
#include "apps/nakadachi/report_options.hpp"
#include "nakadachi/admin/client.hpp"
#include "nakadachi/rules/legal_facts.hpp"

/// What the commands share that come to the node's admin door.
namespace nakadachi::apps {

/// How to come to the door, for whom, and how to speak. Each command has its own: an
/// option read from the environment is read for every command of the program.
struct AdminOptions {
  std::string endpoint;
  std::string server_key;
  std::string key_file;
  std::string institution;
  std::string who;
  std::string why;
  bool json = false;
  bool csv = false;  ///< of commands that have a list for it
  const ChosenLanguage* language = nullptr;

  bool japanese() const { return language->or_english() == Language::kJapanese; }
  /// One of two wordings.
  std::string_view say(std::string_view english, std::string_view text_japanese) const {
    return japanese() ? text_japanese : english;
  }
};

enum class Needs : std::uint8_t {
  kOperator,  ///< for no institution
  kReading,
  kReason  ///< who and why: it changes something
};
void add_admin_options(CommandLine command, AdminOptions& options, Needs needs);

/// A command `name` of `parent` whose options live as long as the program.
/// `Options` has a member `AdminOptions admin`.
template <class Options, class AddOptions, class Run>
CommandLine add_admin_command(CommandLine parent, Command& chosen, const ChosenLanguage& language,
                              std::pair<const char*, const char*> name_and_help, Needs needs,
                              AddOptions add_options, Run run) {
  const CommandLine command = parent.add_command(name_and_help.first, name_and_help.second);
  const auto options = std::make_shared<Options>();
  options->admin.language = &language;
  add_options(command, *options);
  add_admin_options(command, options->admin, needs);
  command.when_chosen(
      [options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
  return command;
}

/// Somebody at the admin door for one institution.
class Desk {
 public:
  /// Errors: `kMissingField`, `kConfigInvalid`, those of keys, codes and
  /// `admin::Client::connect`; for changes those of `copies::ChangeReason::make`.
  static Result<Desk> open(const AdminOptions& options, Needs needs);

  wire::AdminRequest request(wire::AdminCommand command) const;

  template <class Answer>
  Result<Answer> ask(wire::AdminCommand command) {
    return admin::as<Answer>(client_->ask(request(std::move(command))));
  }

  /// As `admin::all_held`.
  Result<wire::HeldRequests> held(std::size_t at_most) {
    return admin::all_held(*client_, institution_, at_most);
  }

  /// All of them, some thousands at a time; a key must not grow old before it is asked.
  void ask_all(std::vector<wire::AdminCommand> commands, const admin::Client::OnAnswer& on_answer);

  const InstitutionCode& institution() const noexcept { return institution_; }

 private:
  InstitutionCode institution_;
  std::string who_;
  std::string why_;
  std::unique_ptr<admin::Client> client_;
};

/// Public key of a node's door as Z85. Errors: `kMissingField`, `kConfigInvalid`.
Result<socket::CurvePublicKey> server_key_of(const std::string& text);
/// Errors: `kMissingField`, those of `socket::CurveKeyPair::load`.
Result<socket::CurveKeyPair> key_pair_of(const std::string& path);

/// 000000000000042, for staff who may see the person and files they keep.
std::string shown(const AddressNumber& person);
/// 2026-06-14 10:02, in Japan.
std::string shown_in_japan(Timestamp at);
/// The table's item by the number that permits have.
std::string shown_item(std::uint16_t legal_item);

/// For commands that print a list.
void add_csv_option(CommandLine command, AdminOptions& options);

/// Whether a list is for programs: rows in JSON, which `print_rows` then prints.
inline bool wants_rows(const AdminOptions& options) { return options.json || options.csv; }
/// As CSV of these columns when that is wanted, else as JSON.
void print_rows(const AdminOptions& options, const nlohmann::json& rows,
                std::span<const ListColumn> columns);

/// Tells which rows failed, by their place and never by the person; the first error
/// becomes the command's.
class Failures {
 public:
  void add(std::size_t place, const Error& error, const AdminOptions& options);
  Result<void> result() const;

 private:
  std::optional<Error> first_;
};

/// `done`, or that nothing had to be changed.
void print_done(const AdminOptions& options, const wire::Done& done);

}  // namespace nakadachi::apps
