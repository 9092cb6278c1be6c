/**
 * Loaded first by a golden run: it is always the same moment, so that certificates and end dates are the same bytes.
 */
const RealDate = Date;
const moment = RealDate.parse("2026-11-01T12:00:00Z");
globalThis.Date = class extends RealDate {
  constructor(...values) {
    super(...(values.length === 0 ? [moment] : values));
  }
  static now() {
    return moment;
  }
};
