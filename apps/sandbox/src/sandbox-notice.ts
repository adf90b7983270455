/** On every answer of the sandbox, so nobody mistakes it for the world. */
export const SANDBOX_NOTICE = { 'x-sandbox': 'Ponte sandbox: simulated ERP and partners, for tests and demos only' };
