import { expect, it } from '@jest/globals';
import { connectorConformance } from '#libs/connector-kit';
import { sampleOf } from '#libs/contracts';
import { CustomerXConnector } from './customerx.connector.js';

const check = sampleOf('erp.receivable.opened.v1');
check.data.kind = 'check';

it('keeps what every connector must keep, with the least an operator fills in', () => {
  expect(connectorConformance(CustomerXConnector, { settings: { token: 'a token' }, samples: [check] })).toEqual([]);
});
