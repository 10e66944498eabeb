/** Dates in HTTP fields, RFC 9110 §5.6.7. Case-sensitive, always GMT, whole seconds. */

const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun';
const FULL_DAYS = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the current form. */
const IMF_FIXDATE = new RegExp(`^(?:${DAYS}), (?<day>\\d{2}) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`);
/** `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete, but must be accepted. */
const RFC850_DATE = new RegExp(`^(?:${FULL_DAYS}), (?<day>\\d{2})-${MONTH}-(?<year>\\d{2}) ${TIME} GMT$`);
/** `Sun Nov  6 08:49:37 1994`, obsolete, but must be accepted. */
const ASCTIME_DATE = new RegExp(`^(?:${DAYS}) ${MONTH} (?<day>\\d{2}| \\d) ${TIME} (?<year>\\d{4})$`);

const YEARS_AHEAD = 50;

/**
 * Formats a time as IMF-fixdate.
 * @param ms since 1970; fractions of a second are dropped. At most the year 9999: the form has four digits.
 */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** A two-digit year that seems more than 50 years ahead is the last past year with these digits. */
function fullYear(digits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + digits;
  return year > thisYear + YEARS_AHEAD ? year - 100 : year;
}

/**
 * Parses any of the three forms. The day of the week must be a valid name, but is not compared with the date.
 * @param now the time that a two-digit year is relative to, in milliseconds since 1970
 * @returns milliseconds since 1970; undefined if the text is not an HTTP-date or the day does not exist
 */
export function parseHttpDate(text: string, now: number = Date.now()): number | undefined {
  const short = text.charCodeAt(3) === 0x2c ? IMF_FIXDATE.exec(text) : ASCTIME_DATE.exec(text);
  const match = short ?? RFC850_DATE.exec(text);
  if (match?.groups === undefined) return undefined;
  const { year = '', month = '', day, hour, minute, second } = match.groups;
  const wholeYear = year.length === 2 ? fullYear(Number(year), now) : Number(year);
  const date = new Date(0);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(wholeYear, MONTHS.indexOf(month), Number(day));
  if (date.getUTCDate() !== Number(day)) return undefined;
  // 60 is a leap second.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  return date.setUTCHours(Number(hour), Number(minute), Number(second));
}
