#include "apps/common/national_files.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::apps {
namespace {

/// Who has it since when, in the first three fields.
Result<national::IssuedSymbol> issued_of(const std::vector<std::string_view>& fields) {
  NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::parse(fields[0]));
  const auto bytes = from_hex(fields[1]);
  const auto person = bytes ? crypto::PersonId::from(*bytes) : std::nullopt;
  const auto issued_at = parse_decimal<std::int64_t>(fields[2]);
  if (!person || !issued_at) return Error{.code = ErrorCode::kWrongFormat, .field = "issued"};
  return national::IssuedSymbol{institution, *person, Timestamp{*issued_at}};
}

std::string line_of(const national::IssuedSymbol& issued) {
  return fmt::format("{}\t{}\t{}", issued.institution.text(), to_hex(issued.person.view()),
                     issued.issued_at.ms);
}

}  // namespace

Result<NationalSecrets> read_secrets(const std::string& path) {
  std::map<std::string, SecretBytes, std::less<>> by_name;
  NAKADACHI_CHECK(read_rows(path, 2, [&](const auto& fields) -> Result<void> {
    const auto bytes = from_hex(fields[1]);
    if (!bytes || bytes->size() != 32) {
      return Error{.code = ErrorCode::kWrongFormat, .field = "secret"};
    }
    by_name.insert_or_assign(std::string(fields[0]), SecretBytes(*bytes));
    return {};
  }));
  NationalSecrets secrets;
  for (const auto& [name, target] :
       {std::pair("core", &secrets.core_seed), std::pair("registry", &secrets.registry_seed),
        std::pair("symbols", &secrets.symbol_root)}) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      return Error{.code = ErrorCode::kConfigInvalid, .detail = path + " lacks a secret"};
    }
    *target = found->second;
  }
  return secrets;
}

Result<void> make_secrets(const std::string& path) {
  SystemRandom random;
  std::string text;
  for (const char* const name : {"core", "registry", "symbols"}) {
    text += fmt::format("{}\t{}\n", name, to_hex(random.make<Digest>().view()));
  }
  return write_private_file(path, text);
}

IssuedFiles::IssuedFiles(const std::string& directory)
    : issued_file_(directory + "/issued.tsv"), unconfirmed_file_(directory + "/unconfirmed.tsv") {}

Result<IssuedFiles> IssuedFiles::open(const std::string& directory) {
  IssuedFiles files(directory);
  if (std::filesystem::exists(files.issued_file_)) {
    NAKADACHI_CHECK(read_rows(files.issued_file_, 3, [&](const auto& fields) -> Result<void> {
      NAKADACHI_TRY(const national::IssuedSymbol issued, issued_of(fields));
      files.issued_.emplace(Holder(issued.institution, issued.person), issued.issued_at);
      return {};
    }));
  }
  std::vector<national::IssuedSymbol> left_over;
  if (std::filesystem::exists(files.unconfirmed_file_)) {
    NAKADACHI_CHECK(read_rows(files.unconfirmed_file_, 4, [&](const auto& fields) -> Result<void> {
      NAKADACHI_TRY(const national::IssuedSymbol issued, issued_of(fields));
      const Holder holder(issued.institution, issued.person);
      const auto number = parse_decimal<std::uint64_t>(fields[3]);
      if (!number) return Error{.code = ErrorCode::kWrongFormat, .field = "number"};
      files.unconfirmed_.insert_or_assign(holder, *number);
      if (files.issued_.emplace(holder, issued.issued_at).second) left_over.push_back(issued);
      return {};
    }));
  }
  NAKADACHI_CHECK(files.append_issued(left_over));
  return files;
}

std::vector<national::IssuedSymbol> IssuedFiles::all() const {
  std::vector<national::IssuedSymbol> all;
  all.reserve(issued_.size());
  for (const auto& [holder, issued_at] : issued_) {
    const auto number = unconfirmed_.find(holder);
    all.push_back({holder.first, holder.second, issued_at,
                   number != unconfirmed_.end() ? number->second : 0});
  }
  return all;
}

Result<void> IssuedFiles::keep(std::span<const national::IssuedSymbol> changed) {
  std::vector<national::IssuedSymbol> fresh;
  bool numbers_changed = false;
  for (const national::IssuedSymbol& one : changed) {
    const Holder holder(one.institution, one.person);
    if (issued_.emplace(holder, one.issued_at).second) fresh.push_back(one);
    if (one.unconfirmed_number != 0) {
      unconfirmed_.insert_or_assign(holder, one.unconfirmed_number);
      numbers_changed = true;
    } else if (unconfirmed_.erase(holder) > 0) {
      numbers_changed = true;
    }
  }
  if (numbers_changed) NAKADACHI_CHECK(write_unconfirmed());
  return append_issued(fresh);
}

Result<void> IssuedFiles::write_unconfirmed() const {
  std::string text;
  for (const auto& [holder, number] : unconfirmed_) {
    text +=
        fmt::format("{}\t{}\n", line_of({holder.first, holder.second, issued_.at(holder)}), number);
  }
  return write_private_file(unconfirmed_file_, text);
}

Result<void> IssuedFiles::append_issued(std::span<const national::IssuedSymbol> issued) const {
  if (issued.empty()) return {};
  std::ofstream file(issued_file_, std::ios::app | std::ios::binary);
  for (const national::IssuedSymbol& one : issued) file << line_of(one) << '\n';
  file << std::flush;
  if (!file) return Error{.code = ErrorCode::kFileProblem, .detail = issued_file_};
  return {};
}

Result<std::vector<national::AssessmentViolation>> read_violations(const std::string& path) {
  std::vector<national::AssessmentViolation> violations;
  NAKADACHI_CHECK(read_rows(path, 2, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::parse(fields[0]));
    national::AssessmentViolation violation{.institution = institution, .affair = {}, .kind = {}};
    if (fields[1].starts_with(AffairTag::kPrefix)) {
      NAKADACHI_TRY(violation.affair, AffairCode::parse(fields[1]));
    } else if (fields[1] != "*") {
      NAKADACHI_TRY(violation.kind, InformationKind::parse(fields[1]));
    }
    violations.push_back(violation);
    return {};
  }));
  return violations;
}

crypto::PersonId person_of(std::uint64_t personal_number) {
  Bytes number;
  append_big_endian<8>(number, personal_number);
  const Digest named = crypto::sha256({as_bytes("simulated person"), number});
  return *crypto::PersonId::from(named.view().first(crypto::PersonId::kSize));
}

}  // namespace nakadachi::apps
