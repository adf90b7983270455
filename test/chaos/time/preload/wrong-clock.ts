/**
 * Given to an app by `NODE_OPTIONS=--import`: its wall clock is off by CLOCK_OFF_MS, and by CLOCK_THEN_OFF_MS once it has
 * got SIGUSR2, as when somebody sets the time of a server. The monotonic clock goes on, as it does there.
 */
let offMs = Number(process.env.CLOCK_OFF_MS ?? 0);
process.on('SIGUSR2', () => (offMs = Number(process.env.CLOCK_THEN_OFF_MS ?? 0)));

const RealDate = globalThis.Date;
const now = () => RealDate.now() + offMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, made) => Reflect.construct(target, given.length > 0 ? given : [now()], made),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
