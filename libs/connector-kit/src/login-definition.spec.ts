import { describe, expect, it } from '@jest/globals';
import { LoginConnector, PASSWORD } from '../test/login-partner.js';
import { connectorConformance } from './connector-conformance.js';
import { definitionOf } from './definition.js';
import { Login, type LoginAnswer } from './login-definition.js';

describe('A connector that logs in', () => {
  it('keeps what every connector must', () => {
    const settings = { baseUrl: 'https://partner.example', password: PASSWORD };
    expect(connectorConformance(LoginConnector, { settings })).toEqual([]);
  });

  it('has one login for a group, and one for all others', () => {
    class Twice extends LoginConnector {
      @Login({ authorize: (token) => ({ authorization: token }) })
      async logInToo(): Promise<LoginAnswer> {
        return { kind: 'token', token: 'a', expiresInSeconds: 60 };
      }
    }
    expect(() => definitionOf(Twice)).toThrow(
      'Twice logs in twice for every group, by login and logInToo: write group: ',
    );
  });

  it('logs in for groups it has', () => {
    class Stray extends LoginConnector {
      @Login({ group: 'nowhere', authorize: (token) => ({ authorization: token }) })
      async logInToo(): Promise<LoginAnswer> {
        return { kind: 'token', token: 'a', expiresInSeconds: 60 };
      }
    }
    expect(() => definitionOf(Stray)).toThrow(
      'Stray.logInToo logs in for the group "nowhere": write it under groups: { … }',
    );
  });

  it('is told where no header carries its token', () => {
    class Bare extends LoginConnector {
      @Login({ group: 'titles', authorize: () => ({}) })
      async logInToo(): Promise<LoginAnswer> {
        return { kind: 'token', token: 'a', expiresInSeconds: 60 };
      }
    }
    const settings = { baseUrl: 'https://partner.example', password: PASSWORD };
    expect(connectorConformance(Bare, { settings })).toEqual([
      'logInToo logs in for a token no header carries: write authorize: (token) => ({ authorization: `Bearer ${token}` })',
    ]);
  });
});
