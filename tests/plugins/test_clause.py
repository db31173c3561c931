"""The marker by which tests claim clauses."""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)

PLUGIN = (
    "-phil.plugins.clause",
    "-pno:hil.plugins.journal",
    "-pno:hil.plugins.options",
    "-pno:hil.plugins.rig",
    "--strict-markers",
    "-Wignore",
)


def collect(pytester: pytest.Pytester, body: str) -> pytest.RunResult:
    pytester.makepyfile(test_plan="import pytest\n" + body)
    return pytester.runpytest(*PLUGIN, "--co", "-q")


def test_marker_is_known_without_any_setting(pytester: pytest.Pytester) -> None:
    result = collect(
        pytester,
        """
@pytest.mark.clause("AT-01", "AT-02")
class TestAt:
    @pytest.mark.clause("AT-03")
    @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.clause("GMR-01"))])
    def test_one(self, n): ...
""",
    )
    assert result.ret == pytest.ExitCode.OK
    result = pytester.runpytest(*PLUGIN, "--markers")
    result.stdout.fnmatch_lines(
        ["@pytest.mark.clause(id, ...): clauses of the AT document that this test claims"]
    )


def test_claims_of_class_test_and_parameter_are_joined(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_plan="""
import pytest
from hil.plugins.clause import clauses_of
@pytest.mark.clause("AT-01", "AT-02")
class TestAt:
    @pytest.mark.clause("AT-02")
    @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.clause("GMR-01"))])
    def test_one(self, n, request):
        assert clauses_of(request.node)[:2] == ("AT-01", "AT-02")
        assert sorted(clauses_of(request.node)) == ["AT-01", "AT-02", "GMR-01"]
"""
    )
    pytester.runpytest(*PLUGIN).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        ('"CWJAP-3"', "the catalogue has no clause 'CWJAP-3'; did you mean CWJAP-03?"),
        ("17", "the marker clause takes ids as text, not 17"),
        (
            "",
            'the marker clause takes one or more ids, clause("CWJAP-03"), and nothing else',
        ),
        (
            '"AT-01", why="so"',
            'the marker clause takes one or more ids, clause("CWJAP-03"), and nothing else',
        ),
    ],
)
def test_wrong_claim_is_an_error_of_collection(
    pytester: pytest.Pytester, marker: str, problem: str
) -> None:
    result = collect(pytester, f"@pytest.mark.clause({marker})\ndef test_one(): ...")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["*ERROR collecting test_plan.py*", f"test_plan.py::test_one: {problem}"]
    )


def test_wrong_claim_of_one_parameter_names_it(pytester: pytest.Pytester) -> None:
    result = collect(
        pytester,
        """
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.clause("AT-99"))])
def test_one(n): ...
""",
    )
    result.stdout.fnmatch_lines(
        ["test_plan.py::test_one[[]2]: the catalogue has no clause 'AT-99'*"]
    )


def test_wrong_claim_stops_workers_politely(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_plan='import pytest\n@pytest.mark.clause("AT-99")\ndef test_one(): ...'
    )
    result = pytester.runpytest_subprocess(*PLUGIN, "-n1")
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*test_plan.py::test_one: the catalogue has no clause 'AT-99'*"])


SELECTION = """
import pytest
@pytest.mark.clause("AT-01")
def test_at(): ...
@pytest.mark.parametrize("n", [
    pytest.param(1, marks=pytest.mark.clause("GMR-01")),
    pytest.param(2, marks=pytest.mark.clause("GMR-02")),
])
def test_gmr(n): ...
def test_without_a_claim(): ...
"""
WITH_OPTIONS = (*[each for each in PLUGIN if "options" not in each], "-phil.plugins.options")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ("GMR", ["test_gmr[1]", "test_gmr[2]"]),
        ("at+gmr", ["test_gmr[1]", "test_gmr[2]"]),
        ("GMR-02", ["test_gmr[2]"]),
        ("GMR-0[13]", ["test_gmr[1]"]),
        ("GMR-02, AT-01", ["test_at", "test_gmr[2]"]),
        ("*", ["test_at", "test_gmr[1]", "test_gmr[2]"]),
    ],
)
def test_clauses_select_the_tests_that_claim_them(
    pytester: pytest.Pytester, names: str, chosen: list[str]
) -> None:
    pytester.makepyfile(test_plan=SELECTION)
    result = pytester.runpytest(*WITH_OPTIONS, f"--hil-clause={names}", "--co", "-q")
    assert [line.partition("::")[2] for line in result.outlines if "::" in line] == chosen


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("GMR-99", "--hil-clause: the catalogue has no clause 'GMR-99'; did you mean *GMR-*"),
        ("CWJAPP", "--hil-clause: the catalogue has no clauses of 'CWJAPP'; did you mean CWJAP*"),
        ("AT,", "--hil-clause: the catalogue has no clauses of ''; there are APP, AT, *"),
    ],
)
def test_a_name_of_no_clause_stops_the_run(
    pytester: pytest.Pytester, names: str, problem: str
) -> None:
    pytester.makepyfile(test_plan=SELECTION)
    result = pytester.runpytest(*WITH_OPTIONS, f"--hil-clause={names}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{problem}*"])
