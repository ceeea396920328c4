#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/rules/legal_facts.hpp"
#include "nakadachi/wire/admin_frame.hpp"

/// Persons and flags as CSV (UTF-8, header in Japanese), written so that they can be read
/// again. Readers want all columns in this order. Errors of a reader: those of the fields,
/// with the line as position and never a value; `kWrongFormat` with field "csv" or
/// "csv_header".
namespace nakadachi::apps {

/// 団体内統合宛名番号, 氏名, 氏名カナ, 生年月日, 性別 (a number), 住所, 業務宛名番号
/// (SYSTEM:NUMBER, spaces between), 旧番号 (spaces between).
std::string persons_csv(std::span<const symbols::PersonRecord> persons);
/// A row without a number is a new person; former numbers are passed over.
Result<std::vector<wire::PutPerson>> read_persons_csv(std::string_view csv);

/// 団体内統合宛名番号, 設定 (hold or non-disclosure), 特定個人情報 (code; empty: all kinds),
/// 開始日, 終了日.
std::string flags_csv(std::span<const copies::PersonFlags> persons);
struct FlagRow {
  AddressNumber person;
  copies::Flag flag;
};
Result<std::vector<FlagRow>> read_flags_csv(std::string_view csv, const rules::LegalFacts& facts);

}  // namespace nakadachi::apps
