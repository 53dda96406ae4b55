import { computed } from "vue";
import { useI18n } from "vue-i18n";

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const DAY_FORMATS: Record<string, Intl.DateTimeFormatOptions> = {
  "en-GB": { dateStyle: "medium", timeStyle: "short" },
  "zh-CN": { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }, // "medium" is long there
};

/** Numbers, times and durations as the reader's language writes them; times are Unix seconds. */
export function useFormat() {
  const { locale, t } = useI18n();
  const tag = computed(() => (locale.value === "zh" ? "zh-CN" : "en-GB"));
  const whole = computed(() => new Intl.NumberFormat(tag.value));
  const short = computed(() => new Intl.NumberFormat(tag.value, { maximumSignificantDigits: 3 }));
  const clockFormat = computed(() => new Intl.DateTimeFormat(tag.value, { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
  const dayFormat = computed(() => new Intl.DateTimeFormat(tag.value, DAY_FORMATS[tag.value]));
  const agoFormat = computed(() => new Intl.RelativeTimeFormat(tag.value, { numeric: "auto" }));

  const number = (value: number) => whole.value.format(value);
  const rate = (value: number | null) => (value === null ? "" : t("perSecond", { n: value >= 100 ? number(Math.round(value)) : short.value.format(value) }));
  const percent = (value: number) => `${value >= 99.95 ? Math.floor(value) : value.toFixed(value >= 10 ? 0 : 1)}%`;
  const clock = (seconds: number) => clockFormat.value.format(seconds * 1000);
  const day = (seconds: number | null) => (seconds === null ? "" : dayFormat.value.format(seconds * 1000));

  function duration(seconds: number | null): string {
    if (seconds === null || !Number.isFinite(seconds)) return "";
    if (seconds < 10) return t("duration.seconds", { s: short.value.format(Math.max(0, Math.round(seconds * 10) / 10)) });
    const left = Math.round(seconds);
    if (left < MINUTE) return t("duration.seconds", { s: left });
    if (left < HOUR) return t("duration.minutes", { m: Math.floor(left / MINUTE), s: left % MINUTE });
    if (left < DAY) return t("duration.hours", { h: Math.floor(left / HOUR), m: Math.floor((left % HOUR) / MINUTE) });
    return t("duration.days", { d: Math.floor(left / DAY), h: Math.floor((left % DAY) / HOUR) });
  }

  function ago(seconds: number, now = Date.now() / 1000): string {
    const passed = Math.max(0, now - seconds);
    const [unit, size] = passed < MINUTE ? (["second", SECOND] as const) : passed < HOUR ? (["minute", MINUTE] as const) : passed < DAY ? (["hour", HOUR] as const) : (["day", DAY] as const);
    return agoFormat.value.format(-Math.round(passed / size), unit);
  }

  function bytes(count: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(1, count)) / Math.log(1000)));
    return new Intl.NumberFormat(tag.value, { style: "unit", unit: units[power], unitDisplay: "short", maximumSignificantDigits: 3 }).format(count / 1000 ** power);
  }

  return { number, rate, percent, clock, day, duration, ago, bytes };
}
