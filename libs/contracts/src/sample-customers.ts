import type { CustomerChanged, ReceivableCustomer } from './customer.js';

/** People and companies below are invented; their documents are valid and belong to nobody Ponte knows. */

export const MARINA: ReceivableCustomer = {
  id: '8841',
  personType: 'F',
  document: '52998224725',
  name: 'Marina Exemplo das Dores',
  email: 'marina@exemplo.example',
  phone: '+5549999990001',
  address: {
    street: 'Rua das Amostras',
    number: '120',
    complement: 'Apto 301',
    district: 'Centro Fictício',
    city: 'Chapecó',
    cityCode: '4204202',
    state: 'SC',
    zipCode: '89801000',
    country: 'BR',
  },
};

/** Its CNPJ has letters, as those issued from July 2026 may. */
export const PADARIA: ReceivableCustomer = {
  id: '9017',
  personType: 'J',
  document: '12ABC34501DE35',
  name: 'Padaria Modelo Inventado Ltda',
  email: 'financeiro@padaria-modelo.example',
  phone: '+554933330002',
};

export const MARINA_REGISTERED: CustomerChanged = {
  customerId: MARINA.id,
  personType: 'F',
  document: MARINA.document,
  name: MARINA.name,
  registration: '5.555.555',
  agentKinds: ['customer'],
  email: MARINA.email,
  phone: MARINA.phone,
  address: MARINA.address,
  contacts: [{ id: '1', name: 'Otávio Exemplo', role: 'Irmão', phone: '+5549999990003', principal: false }],
  birthDate: '1987-03-29',
  spouseId: '8842',
  creditSituation: 'released',
  creditLimit: '5000.00',
  active: true,
  sequence: 1,
};

export const PADARIA_CHANGED: CustomerChanged = {
  customerId: PADARIA.id,
  personType: 'J',
  document: PADARIA.document,
  name: PADARIA.name,
  tradingName: 'Padaria Modelo',
  agentKinds: ['customer', 'supplier'],
  email: PADARIA.email,
  contacts: [
    { id: '7', name: 'Lívia Amostra', role: 'Financeiro', email: 'livia@padaria-modelo.example', principal: true },
  ],
  creditSituation: 'under-analysis',
  creditLimit: '0.00',
  active: true,
  sequence: 12,
};
