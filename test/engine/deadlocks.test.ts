import { despiteDeadlocks } from "../../engine/deadlocks";

const DEADLOCK = {
  code: 3,
  stderr: "ERROR:  40P01: deadlock detected\nDETAIL:  Process 689 waits for AccessExclusiveLock\n",
};
const GUARD = { code: 3, stderr: "ERROR:  tenancy: app.notes: deadlock detected only in its name\n" };
const FINE = { code: 0, stderr: "" };

async function runsOf(
  answers: readonly { readonly code: number; readonly stderr: string }[],
): Promise<{ readonly runs: number; readonly code: number }> {
  let runs = 0;
  const { code } = await despiteDeadlocks(() => Promise.resolve(answers[runs++] ?? FINE));
  return { runs, code };
}

describe("psql despite deadlocks", () => {
  test.each([
    { title: "runs again after a deadlock", answers: [DEADLOCK, FINE], expected: { runs: 2, code: 0 } },
    {
      title: "runs three times at most",
      answers: [DEADLOCK, DEADLOCK, DEADLOCK, FINE],
      expected: { runs: 3, code: 3 },
    },
    { title: "runs once where the guard finds a fault", answers: [GUARD, FINE], expected: { runs: 1, code: 3 } },
    { title: "runs once where it succeeds", answers: [FINE], expected: { runs: 1, code: 0 } },
  ])("$title", async ({ answers, expected }) => expect(await runsOf(answers)).toEqual(expected));
});
