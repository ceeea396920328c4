#pragma once

#include <string_view>

#include "nakadachi/symbol_mapping/person.hpp"

namespace nakadachi::symbols::samples {

inline FourItems four(std::string_view name, std::string_view birth_date, Sex sex,
                      std::string_view home) {
  return {PersonName::parse(name).value(), BirthDate::parse(birth_date).value(), sex,
          HomeAddress::parse(home).value()};
}

inline PersonItems items(std::string_view name, std::string_view kana, std::string_view birth_date,
                         Sex sex, std::string_view home) {
  return {four(name, birth_date, sex, home), KanaName::parse(kana).value()};
}

inline BusinessNumber business(std::uint32_t system, std::uint64_t number) {
  return BusinessNumber::from_number({system}, number).value();
}

inline AddressNumber address(std::uint64_t number) {
  return AddressNumber::from_number(number).value();
}

}  // namespace nakadachi::symbols::samples
