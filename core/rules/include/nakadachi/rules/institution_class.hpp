#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::rules {

/// Sorts of institution the legal table speaks of. Numbers stand in the signed
/// registry and are never reused. Only those a tenant of this platform may have
/// are named here; the others are lines of data/legal_table.tsv.
enum class InstitutionClass : std::uint16_t {
  kMayor = 1,                     ///< 市町村長（特別区の区長を含む）
  kEducationBoard = 2,            ///< 市町村教育委員会
  kGovernor = 3,                  ///< 都道府県知事
  kCityMayor = 4,                 ///< 市長（特別区の区長を含む）
  kWelfareOfficeMayor = 5,        ///< 福祉事務所を管理する町村長
  kHealthCentreMayor = 6,         ///< 保健所を設置する市（特別区を含む）の長
  kHiroshimaMayor = 7,            ///< 広島市長
  kNagasakiMayor = 8,             ///< 長崎市長
  kPrefectureEducationBoard = 9,  ///< 都道府県教育委員会
  kHealthInsuranceSociety = 10,   ///< 国民健康保険組合
  kLatterStageMedicalUnion = 11   ///< 後期高齢者医療広域連合
};
inline constexpr std::uint16_t kLastNamedClass = 11;

/// What a class is, which decides how it gets its members.
enum class ClassSort : std::uint8_t {
  kBody,   ///< a body of its own; an institution is registered as one
  kGroup,  ///< a term of the law that stands for other classes (都道府県知事等)
  kRole,   ///< other classes in a role that carrying on the affair itself implies (事業主体である…)
  kOpen    ///< whoever a law, not the table, obliges (…を行うこととされている者)
};

/// One class, and what the law means by it.
struct ClassFact {
  InstitutionClass number = InstitutionClass::kMayor;
  ClassSort sort = ClassSort::kBody;
  std::string name;                        ///< as people call it, unique
  std::vector<InstitutionClass> includes;  ///< classes whose institutions belong to it as well
  std::string written;  ///< the table's wording, normalised; empty when it is the name
  friend bool operator==(const ClassFact&, const ClassFact&) = default;
};

/// Where every institution of a wider class is of a narrower one too: the mayor
/// of a municipality whose code fits the pattern is a mayor of a city.
struct PlaceFact {
  InstitutionClass narrower = InstitutionClass::kMayor;
  std::string pattern;  ///< six characters, a digit each or `?`
  friend bool operator==(const PlaceFact&, const PlaceFact&) = default;
};

/// Which institutions belong to which class. Membership is data: a class includes
/// others, and an institution of an included class is one of the including class.
/// Immutable; safe for any number of threads.
class ClassCatalogue {
 public:
  /// No class declared: each belongs to itself only, and the named ones are known.
  ClassCatalogue() = default;

  /// Errors: `kConfigInvalid` with field `class` or `place` and the zero-based
  /// place of the fact in its list: number 0, number or name twice, an unknown
  /// class included, an inclusion that leads back, a pattern that is none.
  static Result<ClassCatalogue> make(std::vector<ClassFact> classes, std::vector<PlaceFact> places);

  const std::vector<ClassFact>& classes() const noexcept { return classes_; }
  const std::vector<PlaceFact>& places() const noexcept { return places_; }

  /// Whether the class may stand in a row.
  bool known(InstitutionClass number) const noexcept;

  /// Null when there is none. By name or by the table's wording.
  const ClassFact* find(InstitutionClass number) const noexcept;
  const ClassFact* find(std::string_view text) const noexcept;

  /// The name, or the number of a class that was not declared.
  std::string name_of(InstitutionClass number) const;

  /// The class itself and all it includes, over any number of steps; ascending.
  std::vector<InstitutionClass> members_of(InstitutionClass number) const;

  /// Whether an institution of class `member` is one of class `number`. Never allocates.
  bool includes(InstitutionClass number, InstitutionClass member) const noexcept;

  /// The narrowest class known of an institution registered as `registered` in
  /// that municipality: the last place that fits and lies within the registered
  /// class, else the registered class. Only a body is narrowed: who is registered as of a group, a
  /// role or an open class is not a mayor because mayors belong to it. Never allocates.
  InstitutionClass refine(InstitutionClass registered,
                          const std::optional<MunicipalityCode>& municipality) const noexcept;

 private:
  std::vector<ClassFact> classes_;                      // ascending by number
  std::vector<std::vector<InstitutionClass>> members_;  // of each class, ascending
  std::vector<PlaceFact> places_;
};

}  // namespace nakadachi::rules
