import { expect, it } from '@jest/globals';
import { connectorConformance, definitionOf } from '#libs/connector-kit';
import { DepsConnector } from './deps.connector.js';

const MINIMUM = { email: 'api@cliente.com.br', password: 'a password' };

it('keeps what every connector must keep, with the least an operator fills in', () => {
  expect(connectorConformance(DepsConnector, { settings: MINIMUM })).toEqual([]);
});

it('counts its windows from 01:00, and begins with what was received in the last 365 days', () => {
  const { windowsFromSeconds, loadSettledDays } = definitionOf(DepsConnector);
  expect({ windowsFromSeconds, loadSettledDays }).toEqual({ windowsFromSeconds: 3_600, loadSettledDays: 365 });
});

it('sends 500 titles in a call, at the most', () => {
  expect([...definitionOf(DepsConnector).batchSizes]).toEqual([['receivables', 500]]);
});
