/**
 * The app will not start, and the message is the sentence to act on.
 * `startApp` prints it without a stack and exits with code 1; throw it from any provider or lifecycle hook.
 */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}
