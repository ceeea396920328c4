#include "nakadachi/base/codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace nakadachi {
namespace {

constexpr std::uint64_t kTenTo12 = 1'000'000'000'000;
constexpr std::uint64_t kTenTo14 = 100'000'000'000'000;
constexpr std::uint64_t kTenTo15 = 1'000'000'000'000'000;
constexpr std::uint64_t kTenTo16 = 10'000'000'000'000'000;
constexpr std::uint64_t kTenTo18 = 1'000'000'000'000'000'000;

Error at_fault(ErrorCode code, std::string_view field, std::size_t position) {
  return {.code = code, .field = field, .position = static_cast<std::int32_t>(position)};
}

/// Reads digits only; on failure the position of the first other character.
Result<std::uint64_t> parse_digits(std::string_view text, std::string_view field) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return at_fault(ErrorCode::kWrongFormat, field, i);
    number = number * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return number;
}

Result<std::uint64_t> parse_exact_digits(std::string_view text, std::size_t length,
                                         std::string_view field) {
  if (text.size() != length) return Error{.code = ErrorCode::kWrongLength, .field = field};
  return parse_digits(text, field);
}

/// S = 6a + 5b + 4c + 3d + 2e; 11 − S below 11, else 11 − (S mod 11); last digit.
unsigned municipality_check_digit(std::uint32_t five_digits) noexcept {
  unsigned sum = 0;
  for (unsigned weight = 2; weight <= 6; ++weight, five_digits /= 10) {
    sum += weight * (five_digits % 10);
  }
  return (11 - (sum < 11 ? sum : sum % 11)) % 10;
}

/// 9 − (ΣPnQn mod 9), Q = 1 for odd n and 2 for even n from the lowest digit.
unsigned corporate_check_digit(std::uint64_t twelve_digits) noexcept {
  unsigned sum = 0;
  for (unsigned n = 1; n <= 12; ++n, twelve_digits /= 10) {
    sum += static_cast<unsigned>(twelve_digits % 10) * (n % 2 == 0 ? 2U : 1U);
  }
  return 9 - sum % 9;
}

struct ScannedDigit {
  unsigned value;
  std::size_t bytes;
};

/// An ASCII digit, or one of U+FF10…U+FF19 (three bytes EF BC 90…99).
std::optional<ScannedDigit> digit_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(at) >= '0' && byte(at) <= '9') return ScannedDigit{byte(at) - unsigned{'0'}, 1};
  if (at + 2 < text.size() && byte(at) == 0xEF && byte(at + 1) == 0xBC && byte(at + 2) >= 0x90 &&
      byte(at + 2) <= 0x99) {
    return ScannedDigit{byte(at + 2) - 0x90U, 3};
  }
  return std::nullopt;
}

bool separates_groups(char character) noexcept { return character == ' ' || character == '-'; }

bool is_personal_number(std::uint64_t twelve_digits) noexcept {
  return personal_number_check_digit(twelve_digits / 10) == twelve_digits % 10;
}

}  // namespace

Result<MunicipalityCode> MunicipalityCode::parse(std::string_view text) {
  constexpr std::string_view kField = "municipality_code";
  NAKADACHI_TRY(const std::uint64_t number, parse_exact_digits(text, 6, kField));
  return from_number(static_cast<std::uint32_t>(number));
}

Result<MunicipalityCode> MunicipalityCode::from_number(std::uint32_t number) {
  constexpr std::string_view kField = "municipality_code";
  if (number >= 1'000'000) return Error{.code = ErrorCode::kWrongLength, .field = kField};
  if (municipality_check_digit(number / 10) != number % 10) {
    return at_fault(ErrorCode::kWrongCheckDigit, kField, 5);
  }
  return MunicipalityCode(number);
}

std::string MunicipalityCode::text() const { return fmt::format("{:06}", number_); }

Result<InstitutionCode> InstitutionCode::parse(std::string_view text) {
  NAKADACHI_TRY(const std::uint64_t number, parse_exact_digits(text, 16, "institution"));
  return InstitutionCode(number);
}

Result<InstitutionCode> InstitutionCode::from_number(std::uint64_t number) {
  if (number >= kTenTo16) return Error{.code = ErrorCode::kWrongLength, .field = "institution"};
  return InstitutionCode(number);
}

std::string InstitutionCode::text() const { return fmt::format("{:016}", number_); }

template <class Tag>
Result<PrefixedCode<Tag>> PrefixedCode<Tag>::parse(std::string_view text) {
  if (text.size() != 16) return Error{.code = ErrorCode::kWrongLength, .field = Tag::kField};
  if (!text.starts_with(Tag::kPrefix)) return at_fault(ErrorCode::kWrongFormat, Tag::kField, 0);
  auto digits = parse_digits(text.substr(2), Tag::kField);
  if (!digits) return at_fault(ErrorCode::kWrongFormat, Tag::kField, 2);
  return PrefixedCode(*digits);
}

template <class Tag>
Result<PrefixedCode<Tag>> PrefixedCode<Tag>::from_number(std::uint64_t number) {
  if (number >= kTenTo14) return Error{.code = ErrorCode::kWrongLength, .field = Tag::kField};
  return PrefixedCode(number);
}

template <class Tag>
std::string PrefixedCode<Tag>::text() const {
  return fmt::format("{}{:014}", Tag::kPrefix, number_);
}

template class PrefixedCode<AffairTag>;
template class PrefixedCode<ProcedureTag>;
template class PrefixedCode<InformationKindTag>;

Result<AddressNumber> AddressNumber::parse(std::string_view text) {
  constexpr std::string_view kField = "address_number";
  if (text.empty() || text.size() > 15) {
    return Error{.code = ErrorCode::kWrongLength, .field = kField};
  }
  NAKADACHI_TRY(const std::uint64_t number, parse_digits(text, kField));
  return AddressNumber(number);
}

Result<AddressNumber> AddressNumber::from_number(std::uint64_t number) {
  if (number >= kTenTo15) return Error{.code = ErrorCode::kWrongLength, .field = "address_number"};
  return AddressNumber(number);
}

Result<Symbol> Symbol::from(ByteView bytes) {
  if (bytes.size() != kSize) return Error{.code = ErrorCode::kWrongLength, .field = "symbol"};
  std::array<std::uint8_t, kSize> copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return Symbol(copy);
}

Result<AcquisitionNumber> AcquisitionNumber::parse(std::string_view text) {
  constexpr std::string_view kField = "acquisition_number";
  if (text.size() < kMinDigits || text.size() > kMaxDigits) {
    return Error{.code = ErrorCode::kWrongLength, .field = kField};
  }
  if (text[0] == '0') return at_fault(ErrorCode::kWrongFormat, kField, 0);
  NAKADACHI_TRY(const std::uint64_t number, parse_digits(text, kField));
  return AcquisitionNumber(number);
}

Result<AcquisitionNumber> AcquisitionNumber::from_number(std::uint64_t number) {
  if (number < kTenTo12 || number >= kTenTo18) {
    return Error{.code = ErrorCode::kWrongLength, .field = "acquisition_number"};
  }
  return AcquisitionNumber(number);
}

Result<CorporateNumber> CorporateNumber::parse(std::string_view text) {
  constexpr std::string_view kField = "corporate_number";
  NAKADACHI_TRY(const std::uint64_t number, parse_exact_digits(text, 13, kField));
  if (corporate_check_digit(number % kTenTo12) != number / kTenTo12) {
    return at_fault(ErrorCode::kWrongCheckDigit, kField, 0);
  }
  return CorporateNumber(number);
}

std::string CorporateNumber::text() const { return fmt::format("{:013}", number_); }

unsigned personal_number_check_digit(std::uint64_t eleven_digits) noexcept {
  unsigned sum = 0;
  for (unsigned n = 1; n <= 11; ++n, eleven_digits /= 10) {
    sum += static_cast<unsigned>(eleven_digits % 10) * (n <= 6 ? n + 1 : n - 5);
  }
  const unsigned rest = sum % 11;
  return rest <= 1 ? 0 : 11 - rest;
}

bool holds_personal_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  unsigned digits = 0;
  bool separated = false;
  const auto run_ends = [&] { return digits == 12 && is_personal_number(number); };
  for (std::size_t at = 0; at < text.size();) {
    if (const auto digit = digit_at(text, at)) {
      constexpr std::uint64_t kKeep = 10'000'000'000'000;  // longer runs never become 12 again
      number = (number * 10 + digit->value) % kKeep;
      digits = std::min(digits + 1, 13U);
      separated = false;
      at += digit->bytes;
      continue;
    }
    const bool groups_go_on =
        separates_groups(text[at]) && !separated && digits % 4 == 0 && digits > 0 && digits < 12;
    if (groups_go_on) {
      separated = true;
    } else {
      if (run_ends()) return true;
      number = 0;
      digits = 0;
      separated = false;
    }
    ++at;
  }
  return run_ends();
}

}  // namespace nakadachi
