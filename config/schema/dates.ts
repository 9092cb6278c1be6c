/** Dates and times as YAML and the Pulumi CLI hand them on. */
/**
 * YAML reads an unquoted date as a time, and the Pulumi CLI hands it on as Go prints it:
 * "2026-11-24 18:00:00 +0000 UTC".
 */
export function asWritten(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  const go =
    typeof value === "string"
      ? /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})(?: .*)?$/.exec(value)
      : null;
  if (go === null) return value;
  const [, date = "", time = "", hours = "", minutes = ""] = go;
  const zone = `${hours}${minutes}` === "+0000" ? "Z" : `${hours}:${minutes}`;
  return `${date}T${time}${zone}`;
}

/** A day, where that is all that was written. */
export const asDay = (value: unknown): unknown => {
  const written = asWritten(value);
  return typeof written === "string" ? written.replace(/T00:00:00Z$/, "") : written;
};
