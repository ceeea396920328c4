#include "nakadachi/firewall_rules/live.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;

namespace {

constexpr const char* kListing = R"(table inet nakadachi_walls {
	counter flow_oltp {
	}

	set rate4_forward_oltp {
		type ipv4_addr
		size 65536
		flags dynamic,timeout
		timeout 10m
		elements = { 10.0.0.0 limit rate over 20/second burst 40 packets }
	}

	set noted {
		type ipv4_addr
		elements = { 10.0.0.2, 10.0.0.1 comment "a, b }" }
	}

	map exact4_forward {
		type ipv4_addr . ipv4_addr . inet_proto . inet_service : verdict
		elements = { 10.0.0.2 . 10.1.0.1 . tcp . 5701 : goto forward_oltp.limit1,
			     10.0.0.1 . 10.1.0.1 . tcp . 5701 : goto forward_oltp }
	}

	chain forward_oltp {
		update @rate4_forward_oltp { ip saddr limit rate over 20/second burst 40 packets } drop
		counter name "flow_oltp" accept comment "oltp"
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept
		goto forward_oltp
	}
}
table ip beside {
	chain quiet {
		accept
	}
}
)";

std::vector<ListedTable> listed(const std::string& text) {
  const auto tables = parse_listing(text);
  REQUIRE(tables.ok());
  return *tables;
}

std::string with_line(const std::string& old_text, const std::string& new_text) {
  std::string text = kListing;
  const std::size_t at = text.find(old_text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old_text.size(), new_text);
}

/// Differences of a listing from `kListing`, whose second table is not ours to judge.
std::vector<std::string> drift_of(const std::string& text) {
  auto expected = listed(kListing);
  expected.pop_back();
  std::vector<std::string> lines;
  for (const Drift& drift : compare(expected, listed(text))) {
    lines.push_back(std::string(name_of(drift.kind)) + " " + drift.object + " [" + drift.flow +
                    "] " + drift.expected + " => " + drift.live);
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a listing of nft is read as what it lists", "[walls]") {
  const auto tables = listed(kListing);
  REQUIRE(tables.size() == 2);
  CHECK(tables[0].name == "inet nakadachi_walls");
  REQUIRE(tables[0].objects.size() == 6);
  CHECK(tables[0].objects[1].entries ==
        Lines{"10.0.0.0 limit rate over 20/second burst 40 packets"});
  CHECK(tables[0].objects[2].entries == Lines{"10.0.0.1 comment \"a, b }\"", "10.0.0.2"});
  CHECK(tables[0].objects[3].entries.size() == 2);
  CHECK(tables[0].objects[5].properties ==
        Lines{"type filter hook forward priority filter; policy drop;"});
  CHECK(tables[0].objects[5].entries == Lines{"ct state established accept", "goto forward_oltp"});
  CHECK(listed("").empty());
  CHECK(parse_listing("nonsense\n").error().position == 1);
  CHECK(parse_listing("table inet x {\n\tchain y {\n").error().code == ErrorCode::kWrongFormat);
}

TEST_CASE("differences of listings are named by their flows", "[walls]") {
  CHECK(drift_of(kListing).empty());
  CHECK(drift_of(with_line("40 packets }\n\t}\n",
                           "40 packets, 10.0.1.0 limit rate over 20/second "
                           "burst 40 packets }\n\t}\n"))
            .empty());
  CHECK(drift_of(with_line("goto forward_oltp.limit1", "goto forward_oltp")) ==
        Lines{"element_changed map exact4_forward [oltp] 10.0.0.2 . 10.1.0.1 . tcp . 5701 : goto "
              "forward_oltp.limit1 => 10.0.0.2 . 10.1.0.1 . tcp . 5701 : goto forward_oltp"});
  CHECK(drift_of(with_line("policy drop", "policy accept")) ==
        Lines{"policy_changed chain forward [] policy drop => policy accept"});
  CHECK(drift_of(with_line("hook forward priority filter", "hook forward priority 10")).size() ==
        1);
  CHECK(drift_of(with_line("walls {\n", "walls {\n\tflags dormant\n")) ==
        Lines{"table_changed table inet nakadachi_walls []  => flags dormant"});
  CHECK(drift_of(with_line("established accept\n\t\tgoto forward_oltp",
                           "established accept\n\t\taccept")) ==
        Lines{"rule_changed chain forward [] goto forward_oltp => accept"});
  CHECK(drift_of(with_line("ct state established accept\n\t\tgoto forward_oltp",
                           "goto forward_oltp\n\t\tct state established accept"))
            .front()
            .starts_with("rules_reordered chain forward []"));
  CHECK(drift_of(with_line("chain quiet {\n",
                           "chain quiet {\n\t\ttype filter hook input priority 0; "
                           "policy accept;\n")) ==
        Lines{"foreign_chain table ip beside chain quiet []  => type filter hook input priority 0; "
              "policy accept;"});
  CHECK(drift_of("") ==
        Lines{"table_missing table inet nakadachi_walls [] inet nakadachi_walls => "});
}

TEST_CASE("an element of a limit must have the limit of its rule", "[walls]") {
  const auto filled_with = [](const std::string& elements) {
    return drift_of(with_line("10.0.0.0 limit rate over 20/second burst 40 packets", elements));
  };
  const std::string good = "10.0.0.0 limit rate over 20/second burst 40 packets";
  const std::string lax = "10.0.1.0 limit rate over 9000/second burst 40 packets";
  CHECK(filled_with("").empty());
  CHECK(filled_with(good + " timeout 1h expires 59m3s comment \"kept\"").empty());
  CHECK(filled_with(good + ", " + lax) ==
        Lines{"element_changed set rate4_forward_oltp [oltp] limit rate over 20/second burst 40 "
              "packets => " +
              lax});
  CHECK(filled_with(good + ", " + lax + " timeout 9d").size() == 1);
  CHECK(filled_with("10.0.1.0").size() == 1);  // no limit at all
  CHECK(filled_with("10.0.1.0 ct count over 20").size() == 1);
}

TEST_CASE("a map that is not there closes every door it held", "[walls]") {
  const auto expected = listed(kListing);
  CHECK(compare(expected, with_doors_shut(expected)).size() == 2);
  const auto missing = drift_of(with_line("map exact4_forward", "map other"));
  REQUIRE(missing.size() == 6);
  CHECK(missing[0] == "object_missing map exact4_forward [] map exact4_forward => ");
  CHECK(missing[1].starts_with("element_missing map exact4_forward [oltp] 10.0.0.1"));
  CHECK(missing[5].starts_with("element_added map other [oltp]  => 10.0.0.2"));
}
