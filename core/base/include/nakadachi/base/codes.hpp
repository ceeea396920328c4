#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi {

/// 団体コード: five digits and a check digit (全国地方公共団体コード, 総務省).
class MunicipalityCode {
 public:
  /// Errors: `kWrongLength`, `kWrongFormat` (not digits), `kWrongCheckDigit`.
  static Result<MunicipalityCode> parse(std::string_view text);
  /// From the number the six digits make. Errors: `kWrongLength`, `kWrongCheckDigit`.
  static Result<MunicipalityCode> from_number(std::uint32_t number);
  std::uint32_t number() const noexcept { return number_; }
  std::string text() const;
  friend auto operator<=>(const MunicipalityCode&, const MunicipalityCode&) noexcept = default;

 private:
  explicit MunicipalityCode(std::uint32_t number) noexcept : number_(number) {}
  std::uint32_t number_;
};

/// 機関コード: 16 digits; digits 6 to 11 hold the municipality code where the
/// institution is a municipal body (inferred from public examples).
class InstitutionCode {
 public:
  constexpr InstitutionCode() noexcept = default;
  /// Errors: `kWrongLength`, `kWrongFormat`.
  static Result<InstitutionCode> parse(std::string_view text);
  /// From the number the 16 digits make; `kWrongLength` for 10^16 and more.
  static Result<InstitutionCode> from_number(std::uint64_t number);
  std::uint64_t number() const noexcept { return number_; }
  std::string text() const;
  friend auto operator<=>(const InstitutionCode&, const InstitutionCode&) noexcept = default;

 private:
  explicit constexpr InstitutionCode(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_ = 0;
};

/// Two letters that tell the sort of code, then 14 digits.
template <class Tag>
class PrefixedCode {
 public:
  constexpr PrefixedCode() noexcept = default;
  /// Errors: `kWrongLength`, `kWrongFormat` (other letters, not digits).
  static Result<PrefixedCode> parse(std::string_view text);
  /// From the number the 14 digits make; `kWrongLength` for 10^14 and more.
  static Result<PrefixedCode> from_number(std::uint64_t number);
  std::uint64_t number() const noexcept { return number_; }
  std::string text() const;
  friend auto operator<=>(const PrefixedCode&, const PrefixedCode&) noexcept = default;

 private:
  explicit constexpr PrefixedCode(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_ = 0;
};

/// 事務コード (JM…), 事務手続コード (JT…), 特定個人情報名コード (TM…).
struct AffairTag {
  static constexpr std::string_view kPrefix = "JM";
  static constexpr std::string_view kField = "affair";
};
struct ProcedureTag {
  static constexpr std::string_view kPrefix = "JT";
  static constexpr std::string_view kField = "procedure";
};
struct InformationKindTag {
  static constexpr std::string_view kPrefix = "TM";
  static constexpr std::string_view kField = "information_kind";
};
using AffairCode = PrefixedCode<AffairTag>;
using ProcedureCode = PrefixedCode<ProcedureTag>;
using InformationKind = PrefixedCode<InformationKindTag>;
extern template class PrefixedCode<AffairTag>;
extern template class PrefixedCode<ProcedureTag>;
extern template class PrefixedCode<InformationKindTag>;

/// 団体内統合宛名番号: a body's own number for a person, 15 digits left-padded
/// with 0. A personal value: it has no formatter; `reveal` is for codecs and
/// sealed storage only.
class AddressNumber {
 public:
  /// Digits only, at most 15. Errors: `kWrongLength`, `kWrongFormat`.
  static Result<AddressNumber> parse(std::string_view text);
  /// Errors: `kWrongLength` for 10^15 and more.
  static Result<AddressNumber> from_number(std::uint64_t number);
  std::uint64_t reveal() const noexcept { return number_; }
  friend auto operator<=>(const AddressNumber&, const AddressNumber&) noexcept = default;

 private:
  explicit AddressNumber(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_;
};

/// 符号: the 16 opaque bytes by which one institution and the core system name
/// a person (番号法 21条の2). A personal value without a formatter.
class Symbol {
 public:
  static constexpr std::size_t kSize = 16;
  constexpr Symbol() noexcept : bytes_{} {}
  explicit constexpr Symbol(const std::array<std::uint8_t, kSize>& bytes) noexcept
      : bytes_(bytes) {}
  /// Errors: `kWrongLength`.
  static Result<Symbol> from(ByteView bytes);
  ByteView reveal() const noexcept { return bytes_; }
  friend auto operator<=>(const Symbol&, const Symbol&) noexcept = default;

 private:
  std::array<std::uint8_t, kSize> bytes_;
};

/// 取得番号: by which an acquisition of a symbol is told from others until the
/// symbol has come (番号法 21条の2第2項, 施行命令 41条の2). 13 to 18 digits, the first
/// not 0, so it can be neither a 個人番号 (12) nor a 住民票コード (11). It stands for
/// a person as long as it lives: a personal value without a formatter.
class AcquisitionNumber {
 public:
  static constexpr std::size_t kMinDigits = 13;
  static constexpr std::size_t kMaxDigits = 18;
  /// Errors: `kWrongLength`, `kWrongFormat` (not digits, or a leading 0).
  static Result<AcquisitionNumber> parse(std::string_view text);
  /// From the number the digits make. Errors: `kWrongLength`.
  static Result<AcquisitionNumber> from_number(std::uint64_t number);
  std::uint64_t reveal() const noexcept { return number_; }
  friend auto operator<=>(const AcquisitionNumber&, const AcquisitionNumber&) noexcept = default;

 private:
  explicit AcquisitionNumber(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_;
};

/// 法人番号: check digit first, then 12 digits.
class CorporateNumber {
 public:
  /// Errors: `kWrongLength`, `kWrongFormat`, `kWrongCheckDigit`.
  static Result<CorporateNumber> parse(std::string_view text);
  std::uint64_t number() const noexcept { return number_; }
  std::string text() const;
  friend auto operator<=>(const CorporateNumber&, const CorporateNumber&) noexcept = default;

 private:
  explicit CorporateNumber(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_;
};

/// True when `text` holds, anywhere, a run of exactly 12 ASCII or full-width
/// digits (also with single spaces or hyphens between groups of four) whose last
/// is the check digit of a 個人番号. One in ten of random 12-digit numbers is.
/// For free-text and named personal fields; typed codes are exempt.
/// 行政手続における特定の個人を識別するための番号の利用等に関する法律施行令 8条, 省令 5条.
bool holds_personal_number(std::string_view text) noexcept;

/// The check digit of an 11-digit body, for tests and synthetic data.
unsigned personal_number_check_digit(std::uint64_t eleven_digits) noexcept;

}  // namespace nakadachi
