import { ValidateBy } from 'class-validator';
import { isCharge } from '#libs/contracts';

/** Money as people send it: a text with two places, zero or more. */
export function IsMoney(): PropertyDecorator {
  return ValidateBy({
    name: 'isMoney',
    validator: {
      validate: isCharge,
      defaultMessage: (given) => `${given?.property} must be money as text with two places, such as 1500.00`,
    },
  });
}
