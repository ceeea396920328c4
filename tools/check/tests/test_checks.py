"""Each check must catch a small tree with one violation, and leave the same tree alone without."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

CHECKS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKS))

import compile_db  # noqa: E402
import cycles  # noqa: E402
import dead_files  # noqa: E402
import edges  # noqa: E402
import format as formatting  # noqa: E402
import headers  # noqa: E402
import proto  # noqa: E402
import purity  # noqa: E402
import run  # noqa: E402
import tidy  # noqa: E402
import tree as trees  # noqa: E402
import units  # noqa: E402
import words  # noqa: E402

ROOMS = {
    "rooms": {
        "core/base": {"uses": [], "external": ["fmt"], "pure": False},
        "core/store": {"uses": ["core/base"], "external": ["pqxx"], "pure": False},
        "core/rules": {"uses": ["core/base"], "external": [], "pure": True},
        "link": {"uses": ["core/base"], "external": [], "pure_files": ["link_core*"]},
        "apps": {"uses": ["*"], "external": ["fmt"], "pure": False},
    },
    "externals": {
        "fmt": {"includes": ["fmt/"], "public": True},
        "pqxx": {"includes": ["pqxx/"], "namespaces": ["pqxx"], "public": False},
    },
}
SOUND = {
    "core/base/include/nakadachi/base/a.hpp": "#pragma once\n#include <string>\n",
    "core/base/src/a.cpp": '#include "nakadachi/base/a.hpp"\n#include <fmt/core.h>\n',
    "core/store/include/nakadachi/store/s.hpp":
        '#pragma once\n#include "nakadachi/base/a.hpp"\n// wraps pqxx::connection\n',
    "core/store/src/s.cpp": '#include "nakadachi/store/s.hpp"\n#include <pqxx/pqxx>\n',
    "core/rules/src/r.cpp": '#include <unistd.h>\n#include "nakadachi/base/a.hpp"\n',
}  # fmt: skip


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="nakadachi-check-"))
        self.addCleanup(shutil.rmtree, self.root)

    def tree(self, extra=None, rooms=None):
        """The sound tree with files added or replaced."""
        files = {**SOUND, **(extra or {}), trees.ROOMS_FILE: json.dumps(rooms or ROOMS)}
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return trees.Tree(self.root)

    def find(self, module, extra=None, rooms=None):
        tree = self.tree(extra, rooms)
        return module.check(tree, set(tree.files))

    def assert_one(self, findings, path, part):
        self.assertEqual(len(findings), 1, findings)
        self.assertEqual(findings[0].path, path)
        self.assertIn(part, findings[0].message)

    def assert_caught(self, module, path, text, part):
        self.assert_one(self.find(module, {path: text}), path, part)


class Text(CheckTest):
    def test_comments_and_strings_are_blanked_and_lines_kept(self):
        text = 'a /* x\n y */ "s//t" // z\nR"(raw " text)" 1\'000 b\'c\''
        plain = trees.blank_out(text)
        self.assertEqual(plain.count("\n"), text.count("\n"))
        for gone in ("x", "y", "s//t", "z", "raw"):
            self.assertNotIn(gone, plain)
        self.assertIn("1'000", plain)

    def test_a_commented_include_is_none(self):
        self.assertEqual(trees.includes_of("// #include <a>\n/*\n#include <b>\n*/\n"), [])
        self.assertEqual(trees.includes_of('\n# include "c.hpp"\n')[0].line, 2)


    def test_a_room_given_twice_is_refused(self):
        with self.assertRaisesRegex(ValueError, "twice: a"):
            trees.read_json('{"rooms": {"a": 1, "b": 2, "a": 3}}')


class Units(CheckTest):
    UNIT = "deploy/systemd/nakadachi-one.service"
    SITE = "deploy/systemd/site-one.conf"
    ALLOWED = "[Service]\nIPAddressAllow=10.0.0.0/8 192.0.2.1\nIPAddressAllow=fd00::/8\n"
    # As little exposed as it can be: no network and no privileges.
    WALLED = """[Service]
ExecStart=/usr/bin/nakadachi node
User=nakadachi
PrivateNetwork=yes
PrivateUsers=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
UMask=0077
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectClock=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@basic-io
IPAddressDeny=any
DevicePolicy=closed
KeyringMode=private
"""

    def findings(self, unit=WALLED, site=ALLOWED):
        files = {self.UNIT: unit} if site is None else {self.UNIT: unit, self.SITE: site}
        return self.find(units, files)

    def test_walled_off(self):
        self.assertEqual(self.findings(), [])

    def test_misspelt(self):
        findings = self.findings(unit=self.WALLED.replace("PrivateTmp=", "PrivateTemp="))
        self.assertIn("PrivateTemp", findings[0].message)
        self.assertEqual((findings[0].path, findings[0].line), (self.UNIT, 6))

    def test_misspelt_in_an_example_of_a_drop_in(self):
        self.assert_one(self.findings(site=self.ALLOWED + "MemoryMax=much\n"), self.SITE, "much")

    def test_without_an_example_of_a_drop_in(self):
        self.assert_one(self.findings(site=None), self.UNIT, "no site-one.conf")

    def test_an_example_that_cuts_a_family_off(self):
        only_four = "[Service]\nIPAddressAllow=localhost 10.0.0.0/8\n"
        self.assert_one(self.findings(site=only_four), self.SITE, "no address of IPv6")
        only_six = "[Service]\nIPAddressAllow=fd00::/8\n"
        self.assert_one(self.findings(site=only_six), self.SITE, "no address of IPv4")

    def test_exposed(self):
        text = "[Service]\nExecStart=/usr/bin/nakadachi node\n"
        self.assert_one(self.findings(unit=text), self.UNIT, "exposure")


class Words(CheckTest):
    def test_sound_tree(self):
        self.assertEqual(self.find(words), [])

    def test_each_word_is_caught(self):
        for word in ("TO" + "DO", "FIX" + "ME", "not " + "implemented", "st" + "ub"):
            self.assert_caught(words, "core/base/src/a.cpp", f"// a\n// {word} b\n", word)

    def test_words_within_words_are_none(self):
        self.assertEqual(words.find("stubborn todos"), [])


class Proto(CheckTest):
    FILE = "proto/a/v1/a.proto"
    SOUND = """// What the file is.
syntax = "proto3";
package a.v1;
import "a/v1/b.proto";
option cc_enable_arenas = true;

// A kind.
enum Kind {
  KIND_UNSPECIFIED = 0;  // never sent
}

// A thing.
message Thing {
  reserved 4;
  optional Kind kind = 1;  // its kind
  // Where it is,
  // in words.
  optional bytes place = 2;
  repeated fixed64 numbers = 3 [packed = true];  // ascending
  // One of both.
  oneof what {
    Nothing left = 5;   // to the left
    Nothing right = 6;  // to the right
  }
}
// Says nothing.
message Nothing {}

// What can be asked.
service Things {
  // Finds one.
  rpc Find(Thing)
      returns (Thing);
  rpc Count(Nothing) returns (Thing) {}  // all of them
}
"""

    def test_sound(self):
        self.assertEqual(self.find(proto, {self.FILE: self.SOUND}), [])

    def test_each_that_is_said_nothing_of(self):
        for comment, name in {
            "// A kind.\n": "Kind", "  // never sent": "KIND_UNSPECIFIED", "// A thing.\n": "Thing",
            "  // its kind": "kind", "  // Where it is,\n  // in words.\n": "place",
            "  // ascending": "numbers", "  // One of both.\n": "what", "   // to the left": "left",
            "// Says nothing.\n": "Nothing", "// What can be asked.\n": "Things",
            "  // Finds one.\n": "Find", "  // all of them": "Count",
        }.items():  # fmt: skip
            self.assertEqual(self.SOUND.count(comment), 1, comment)
            text = self.SOUND.replace(comment, "\n" if comment.endswith("\n") else "")
            self.assertEqual([what for _, what in proto.find(text)], [name])
        self.assert_caught(proto, self.FILE, self.SOUND.replace("  // its kind", " //"), "kind")

    def test_a_comment_of_the_line_before_or_apart_is_none(self):
        text = "// All.\n\nmessage A {\n  optional bool b = 1;  // yes\n  optional bool c = 2;\n}\n"
        self.assertEqual(proto.find(text), [(3, "A"), (5, "c")])

    def test_two_on_one_line(self):
        text = "// A.\nmessage A { optional bool b = 1; optional bool c = 2; }  // of all\n"
        self.assertEqual([line for line, _ in proto.find(text)], [2])


class Edges(CheckTest):
    def test_sound_tree(self):
        self.assertEqual(self.find(edges), [])

    def test_room_that_is_not_listed(self):
        self.assert_caught(edges, "core/rules/src/r.cpp", '#include "nakadachi/store/s.hpp"\n',
                           "may not use core/store")  # fmt: skip

    def test_apps_may_use_every_room(self):
        extra = {"apps/nakadachi/main.cpp": '#include "nakadachi/store/s.hpp"\n'}
        self.assertEqual(self.find(edges, extra), [])

    def test_external_that_is_not_listed(self):
        self.assert_caught(edges, "core/base/src/a.cpp", "#include <pqxx/pqxx>\n",
                           "does not list pqxx")  # fmt: skip

    def test_unknown_library(self):
        self.assert_caught(edges, "core/base/src/a.cpp", "#include <boost/asio.hpp>\n",
                           "no external")  # fmt: skip

    def test_private_external_in_public_header(self):
        header = "core/store/include/nakadachi/store/s.hpp"
        self.assert_caught(edges, header, "#include <pqxx/pqxx>\n", "public headers")

    def test_type_of_private_external_in_public_header(self):
        header = "core/store/include/nakadachi/store/s.hpp"
        for text in ("pqxx::connection* c;", "namespace pqxx { class connection; }"):
            self.assert_caught(edges, header, text, "public headers")

    def test_private_header_of_another_room(self):
        extra = {
            "core/store/src/inner.hpp": "",
            "core/base/src/a.cpp": '#include "../../store/src/inner.hpp"\n',
        }
        self.assert_one(self.find(edges, extra), "core/base/src/a.cpp", "private to core/store")
        extra["core/base/src/a.cpp"] = ""
        extra["tests/unit/store/inner_test.cpp"] = '#include "core/store/src/inner.hpp"\n'
        self.assertEqual(self.find(edges, extra), [])

    def test_tests_are_used_by_no_room(self):
        extra = {
            "tests/support/t.hpp": "",
            "core/base/src/a.cpp": '#include "tests/support/t.hpp"\n',
        }
        self.assert_one(self.find(edges, extra), "core/base/src/a.cpp", "nothing depends")

    def test_missing_header(self):
        self.assert_caught(edges, "core/rules/src/r.cpp", '#include "nakadachi/base/gone.hpp"\n',
                           "no such header")  # fmt: skip

    def test_unknown_room_and_external_in_the_list(self):
        rooms = json.loads(json.dumps(ROOMS))
        rooms["rooms"]["link"] = {"uses": ["core/gone"], "external": ["gone"]}
        self.assertEqual(len(self.find(edges, rooms=rooms)), 2)


class Cycles(CheckTest):
    def test_sound_tree(self):
        self.assertEqual(self.find(cycles), [])

    def test_rooms(self):
        rooms = json.loads(json.dumps(ROOMS))
        rooms["rooms"]["core/base"]["uses"] = ["core/store"]
        self.assert_one(self.find(cycles, rooms=rooms), trees.ROOMS_FILE, "core/store → core/base")

    def test_files(self):
        extra = {
            "core/base/src/x.hpp": '#include "y.hpp"\n',
            "core/base/src/y.hpp": '#include "x.hpp"\n',
        }
        self.assert_one(self.find(cycles, extra), "core/base/src/x.hpp", "include each other")


class Purity(CheckTest):
    RULES = "core/rules/src/r.cpp"

    def test_sound_tree(self):
        self.assertEqual(self.find(purity), [])

    def test_each_kind_is_caught(self):
        kinds = {
            "auto t = std::chrono::steady_clock::now();": "a clock",
            "auto t = std::time(nullptr);": "a clock",
            "int r = rand();": "randomness",
            "std::random_device device;": "randomness",
            "usleep(3);": "sleeping",
            "std::thread worker;": "threads",
            "std::mutex lock;": "threads",
            "#include <ctime>": "a header",
        }
        for text, part in kinds.items():
            self.assert_caught(purity, self.RULES, text + "\n", part)

    def test_words_that_only_look_alike(self):
        text = "// rand() and system_clock\nint valid_time(int); auto a = lane.time(3) + operand(2);"
        self.assertEqual(purity.find(text), [])

    def test_rooms_that_are_not_pure_are_left_alone(self):
        self.assertEqual(self.find(purity, {"core/base/src/a.cpp": "int r = rand();"}), [])

    def test_a_pure_file_in_another_room(self):
        self.assert_caught(purity, "link/src/link_core.cpp", "int r = rand();", "randomness")

    def test_iteration_over_unordered_containers(self):
        declare = "std::unordered_map<Key, std::vector<int>> waiting_;\n"
        for loop in ("for (auto& [k, v] : waiting_) {}", "auto i = this->waiting_.begin();"):
            found = purity.find(declare + loop)
            self.assertEqual([line for line, _ in found], [2])
        self.assertEqual(purity.find(declare + "auto i = waiting_.find(k);"), [])

    def test_iteration_over_a_member_declared_in_a_header(self):
        extra = {
            "core/rules/src/r.hpp": "using Table = std::unordered_set<int>;\nTable table_;\n",
            self.RULES: "for (int x : table_) {}\n",
        }
        self.assert_one(self.find(purity, extra), self.RULES, "unordered container table_")


class DeadFiles(CheckTest):
    def test_each_kind_is_caught(self):
        tree = {"cmake/rooms.cmake": "rooms.json"}
        self.assertEqual(self.find(dead_files, {**tree, "CMakeLists.txt": "rooms.cmake"}), [])
        for name in (
            "core/base/include/nakadachi/base/lonely.hpp", "core/base/lost.cpp",
            "data/lonely.csv", "tools/lonely.py", "tools/lonely.sh", "cmake/lonely.cmake",
        ):  # fmt: skip
            self.assert_caught(dead_files, name, "", "nothing builds")
            (self.root / name).unlink()

    def test_data_that_a_source_names(self):
        extra = {
            "CMakeLists.txt": "rooms.cmake",
            "cmake/rooms.cmake": "rooms.json",
            "data/towns.csv": "",
            "core/rules/src/r.cpp": '"towns.csv"',
        }
        self.assertEqual(self.find(dead_files, extra), [])


    def test_globs(self):
        self.assertTrue(dead_files.matches("tests/unit/base/a_test.cpp", "tests/unit/**/*.cpp"))
        self.assertTrue(dead_files.matches("tests/unit/a_test.cpp", "tests/unit/**/*.cpp"))
        self.assertFalse(dead_files.matches("tests/sim/deep/a.cpp", "tests/sim/*.cpp"))
        self.assertFalse(dead_files.matches("bench/a.cpp.orig", "bench/*.cpp"))


class Format(CheckTest):
    def test_caught_and_mended(self):
        path = "core/base/src/a.cpp"
        tree = self.tree({".clang-format": "BasedOnStyle: Google\n", path: "int  x;\n"})
        self.assert_one(formatting.check(tree, {path}), path, "not formatted")
        formatting.fix(tree, {path})
        self.assertEqual((self.root / path).read_text(), "int x;\n")
        self.assertEqual(formatting.check(tree, {path}), [])


class CompileDb(CheckTest):
    """With a compile database made by hand instead of cmake's."""

    def db(self, extra):
        db = compile_db.CompileDb(self.tree({".clang-tidy": TIDY, **extra}))
        include = f"-I{self.root}/core/base/include"
        db.folder.mkdir(parents=True)
        db.flags = {name: ["-std=c++20", include] for name in extra if name.endswith(".cpp")}
        entries = [
            {"directory": str(self.root), "file": str(self.root / name),
             "command": " ".join(["clang++", *flags, "-c", str(self.root / name)])}
            for name, flags in db.flags.items()
        ]  # fmt: skip
        (db.folder / "compile_commands.json").write_text(json.dumps(entries))
        return db

    def find_with_db(self, module, extra):
        db = self.db(extra)
        return module.check(db.tree, set(db.tree.files), db), db

    def test_header_that_needs_another_first(self):
        header = "core/base/include/nakadachi/base/a.hpp"
        extra = {header: "#pragma once\nstd::string f();\n", "core/base/src/a.cpp": ""}
        tree_scope = {header}
        db = self.db(extra)
        self.assert_one(headers.check(db.tree, tree_scope, db), header, "alone")

    def test_header_that_its_source_includes_first_is_proven_by_nobody(self):
        needy = "core/base/include/nakadachi/base/b.hpp"
        extra = {
            "core/base/include/nakadachi/base/a.hpp": "#pragma once\n#include <string>\n",
            "core/base/src/a.cpp": '#include "nakadachi/base/a.hpp"\n',
            needy: "#pragma once\nstd::string g();\n",
            "core/base/src/b.cpp": '#include "nakadachi/base/b.hpp"\n',
        }
        db = self.db(extra)
        scope = set(db.tree.files)
        # Tidy shows clang both sources as one, in which <string> stands before b.hpp.
        self.assertEqual(tidy.check(db.tree, scope, db), [])
        self.assert_one(headers.check(db.tree, scope, db), needy, "alone")

    def test_header_that_compiles_alone_is_compiled_once(self):
        header = "core/base/include/nakadachi/base/a.hpp"
        db = self.db({"core/base/src/a.cpp": '#include "nakadachi/base/a.hpp"\n'})
        self.assertEqual(headers.check(db.tree, {header}, db), [])
        with unittest.mock.patch.object(headers, "compile_alone", side_effect=AssertionError):
            self.assertEqual(headers.check(db.tree, {header}, db), [])
            (self.root / header).write_text("#pragma once\nint x;\n")
            db._known.clear()
            with self.assertRaises(AssertionError):
                headers.check(db.tree, {header}, db)

    def test_tidy_batches_sources_without_a_common_helper(self):
        names = [f"{letter}.cpp" for letter in "abcdefghijklmnopqrstuvwxyz"]
        helpers = {name: set() for name in names} | {"a.cpp": {"f"}, "b.cpp": {"f", "g"}}
        self.assertEqual(
            tidy.batches(names, helpers.get), [[names[0], *names[2:25]], [names[1], names[25]]]
        )
        inner = "namespace {\nstruct S {\n};\nint f(int x) {\n}\nconst int k = 1;\n}  // namespace\n"
        self.assertEqual(
            tidy.helpers("namespace n::m {\n" + inner + "int g();\n}\n"), {"S", "f", "k"}
        )
        self.assertEqual(
            tidy.common_flags([["-DX", "-isystem", "a"], ["-isystem", "b", "-isystem", "a"]]),
            ["-DX", "-isystem", "a", "-isystem", "b"],
        )

    def test_tidy_finds_what_is_wrong_in_one_of_a_batch(self):
        sources = {f"core/base/src/{name}.cpp": f"void {name}() {{}}\n" for name in ("ok", "Bad")}
        found, _ = self.find_with_db(tidy, sources)
        self.assertEqual([finding.path for finding in found], ["core/base/src/Bad.cpp"])

    def test_tidy_looks_at_a_batch_with_the_configuration_of_its_folder(self):
        sources = {
            f"{folder}/{name}.cpp": f"void {name}() {{}}\n"
            for folder in ("core", "tests")
            for name in ("One", "Two")
        }
        milder = "InheritParentConfig: true\nChecks: '-readability-identifier-naming'\n"
        found, _ = self.find_with_db(tidy, {**sources, "tests/.clang-tidy": milder})
        self.assertEqual([finding.path for finding in found], ["core/One.cpp", "core/Two.cpp"])

    def test_tidy_looks_one_by_one_at_a_batch_that_does_not_compile(self):
        twice = {f"core/base/src/{name}.cpp": "int x = 0;\n" for name in ("one", "two")}
        self.assertEqual(self.find_with_db(tidy, twice)[0], [])

    def test_tidy_finds_a_long_function_and_a_bad_name(self):
        long = "void f(int& x) {\n" + "  x++;\n" * 71 + "}\n"
        found, _ = self.find_with_db(tidy, {"core/base/src/a.cpp": long})
        self.assert_one(found, "core/base/src/a.cpp", "readability-function-size")
        shutil.rmtree(self.root / "build")
        found, _ = self.find_with_db(tidy, {"core/base/src/a.cpp": "void BadName() {}\n"})
        self.assert_one(found, "core/base/src/a.cpp", "readability-identifier-naming")

    def test_a_clean_file_is_skipped_until_something_it_includes_changes(self):
        source = "core/base/src/a.cpp"
        found, db = self.find_with_db(tidy, {source: '#include "nakadachi/base/a.hpp"\n'})
        self.assertEqual(found, [])
        key = db.key(tidy.TOOL, source, db.flags[source], TIDY)
        self.assertTrue(db.is_clean(key))
        (self.root / "core/base/include/nakadachi/base/a.hpp").write_text("#pragma once\nint x;\n")
        changed = compile_db.CompileDb(trees.Tree(self.root))
        self.assertNotEqual(changed.key(tidy.TOOL, source, db.flags[source], TIDY), key)

    def test_a_changed_header_brings_a_source_that_includes_it(self):
        extra = {
            "core/base/src/a.cpp": '#include "nakadachi/base/a.hpp"\n',
            "core/base/src/b.cpp": "",
        }
        db = self.db(extra)
        chosen = tidy.sources(db.tree, {"core/base/include/nakadachi/base/a.hpp"}, db)
        self.assertEqual(chosen, ["core/base/src/a.cpp"])


class Scope(CheckTest):
    def git(self, *arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", "-C", str(self.root), *identity, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def test_changed_files(self):
        self.tree()
        self.git("init", "-q")
        self.assertIsNone(run.changed_files(self.root), "no commit: everything")
        self.git("add", "-A")
        self.git("commit", "-qm", "one")
        (self.root / "new.txt").write_text("")
        self.assertEqual(run.changed_files(self.root), {"new.txt"})
        self.git("add", "-A")
        self.git("commit", "-qm", "two")
        self.assertEqual(run.changed_files(self.root), {"new.txt"}, "clean: the last commit")


TIDY = """
Checks: '-*,readability-function-size,readability-identifier-naming'
HeaderFilterRegex: '.*'
CheckOptions:
  readability-function-size.LineThreshold: 70
  readability-identifier-naming.FunctionCase: lower_case
"""

if __name__ == "__main__":
    unittest.main()
