/** What a person asked for cannot be done to the delivery: the sentence says why. */
export class DeliveryRefusal extends Error {
  override readonly name = 'DeliveryRefusal';
  constructor(
    readonly code:
      | 'not-found'
      /** Being sent just now. */
      | 'in-hand'
      /** It waits for its turn, and not for a person. */
      | 'not-parked'
      /** It was tried, and may have left. */
      | 'not-untried'
      /** It is through, and what a person would do to it can only be done to what is open. */
      | 'settled'
      | 'replaced'
      | 'overtaken'
      /** Whether its call took effect is not known, and must be said first. */
      | 'unknown-effect'
      /** Its effect is known, or nobody ever asked. */
      | 'not-unknown'
      /** It was paid for, or cannot be taken back: sent again it would be a second time. */
      | 'only-once'
      | 'no-room'
      | 'not-storable',
    message: string,
  ) {
    super(message);
  }
}
