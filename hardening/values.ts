/** Values that more than one room checks: narrow enough that nothing ever needs escaping. */
const PASSWORD = /^[A-Za-z0-9]{1,99}$/;

/** Returns `value` if it is alphanumeric; the error never repeats it. */
export function alphanumericPassword(property: string, value: string): string {
  if (!PASSWORD.test(value)) {
    throw new Error(
      `${property}: a password has to be 1 to 99 letters and digits; generate it without special characters`,
    );
  }
  return value;
}

/** A host name as routes have it. */
export const LOWER_CASE_HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Returns `value` if it is a host name or an IPv4 address. */
export function hostName(property: string, value: string): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value)) {
    throw new Error(`${property}: "${value}" is not a host name or an IPv4 address`);
  }
  return value;
}

/** Returns `value` if it is a port. */
export function portNumber(property: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new Error(`${property}: ${value} is not a port; use 1 to 65535`);
  }
  return value;
}
