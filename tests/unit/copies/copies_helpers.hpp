#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/secret.hpp"
#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::copies::test {

inline InstitutionCode institution(std::uint64_t number = 1'310'410'000'000'001) {
  return InstitutionCode::from_number(number).value();
}
inline AddressNumber person(std::uint64_t number) {
  return AddressNumber::from_number(number).value();
}
inline InformationKind kind(std::uint64_t number = 2) {
  return InformationKind::from_number(number).value();
}

inline Day day(std::string_view text) {
  const auto parsed = Day::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

inline crypto::TenantCipher cipher() {
  crypto::TenantCipher made(TenantId{131'041});
  made.add_version(1, SecretBytes(Bytes(crypto::TenantCipher::kMasterSize, 0x55)));
  return made;
}

/// One kind with an item of each type; version 2 holds from 2025-04-01 on.
inline constexpr std::string_view kBook =
    "codes\tyes_no\t0=no|1=yes\n"
    "layout\tTM00000000000002\t1\t2024-04-01\t2025-03-31\ttax\n"
    "item\t1\tyear\tnumber\t4\trequired\t-\n"
    "layout\tTM00000000000002\t2\t2025-04-01\t-\ttax\n"
    "item\t1\tyear\tnumber\t4\trequired\t-\n"
    "item\t2\tnote\ttext\t20\toptional\t-\n"
    "item\t3\tdecided\tdate\t-\toptional\t-\n"
    "item\t5\tclosed\tflag\t-\trequired\t-\n"
    "item\t8\tstate\tcode\t1\toptional\t@yes_no\n"
    "item\t9\tnumber\tcode\t12\toptional\t-\n";

inline const LayoutBook& book() {
  static const LayoutBook made = LayoutBook::parse(kBook).value();
  return made;
}
inline const Layout& layout() {
  const Layout* const found = book().find(kind(), 2);
  REQUIRE(found != nullptr);
  return *found;
}

inline CopyContent content(std::vector<CopyItem> items, std::uint64_t dataset = 7) {
  return {.layout_version = 2, .dataset = dataset, .validity = {}, .items = std::move(items)};
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

/// Registers a copy as a node does.
inline HoldingKey put(CopyShelf& shelf, crypto::TenantCipher& cipher, Random& random,
                      const StoredCopy& copy) {
  const auto key = copy_key(cipher, copy.institution, copy.person, copy.kind).value();
  const auto sealed = seal_copy(cipher, key, copy, random).value();
  shelf.put(key, copy.kind, copy.content.dataset, sealed);
  return key;
}

}  // namespace nakadachi::copies::test
