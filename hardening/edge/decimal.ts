/**
 * A regular expression (RE2, no look-ahead) for the decimal numbers above a limit, with leading zeros or without. It is
 * anchored, so that it can stand as one alternative of several.
 * @param limit A whole number from 0 on, for example 1000: then "1001" and "02000" match, "1000" and "999" do not.
 */
export function decimalAbove(limit: number): string {
  if (!Number.isSafeInteger(limit) || limit < 0) throw new Error(`not a limit: ${limit}`);
  const digits = String(limit);
  const longer = `[1-9][0-9]{${digits.length},}`;
  const sameLength = [...digits].flatMap((digit, index) => {
    if (digit === "9") return [];
    const above = `${digits.slice(0, index)}[${Number(digit) + 1}-9]`;
    const rest = digits.length - index - 1;
    return [rest === 0 ? above : `${above}[0-9]{${rest}}`];
  });
  return `^0*(?:${[longer, ...sameLength].join("|")})$`;
}
