import type { PayloadVault } from '#libs/delivery';
import { Secret } from '#libs/runtime';
import type { SecretBox } from '#libs/settings';

const PLACE = { integration: 'parked-events', field: 'content' };

/** Seals parked bytes with the keys that seal the settings' secrets. */
export function sealedBy(box: SecretBox): PayloadVault {
  return {
    seal: (content) => Buffer.from(box.seal(new Secret(content.toString('base64')), PLACE)),
    open: (sealed) => Buffer.from(box.open(sealed.toString(), PLACE).reveal(), 'base64'),
  };
}
