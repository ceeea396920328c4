#include "apps/national/national_files.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::apps {

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

Result<std::vector<national::IssuedSymbol>> read_issued(const std::string& path) {
  std::vector<national::IssuedSymbol> issued;
  if (!std::filesystem::exists(path)) return issued;
  NAKADACHI_CHECK(read_rows(path, 3, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(const InstitutionCode institution, InstitutionCode::parse(fields[0]));
    const auto bytes = from_hex(fields[1]);
    const auto person = bytes ? crypto::PersonId::from(*bytes) : std::nullopt;
    const auto number = parse_decimal<std::uint64_t>(fields[2]);
    if (!person || !number) return Error{.code = ErrorCode::kWrongFormat, .field = "issued"};
    issued.push_back({institution, *person, *number});
    return {};
  }));
  return issued;
}

Result<void> append_issued(const std::string& path,
                           std::span<const national::IssuedSymbol> issued) {
  std::string text;
  for (const national::IssuedSymbol& one : issued) {
    text += fmt::format("{}\t{}\t{}\n", one.institution.text(), to_hex(one.person.view()),
                        one.unconfirmed_number);
  }
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << text << std::flush;
  if (!file) return Error{.code = ErrorCode::kFileProblem, .detail = path};
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
