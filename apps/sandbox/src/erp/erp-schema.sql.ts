/** The little ERP's own tables, beside the outbox of the SQL kit; run at every start, it changes nothing that is there. */
export const CREATE_ERP_TABLES = `
  create table if not exists company (
    code text primary key, name text not null, document text not null, time_zone text not null);

  create table if not exists branch (
    company text not null references company, code text not null, name text not null, document text not null,
    primary key (company, code));

  create table if not exists business_unit (
    company text not null references company, code text not null, name text not null,
    primary key (company, code));

  create table if not exists customer (
    company text not null references company, id text not null, person_type text not null, document text not null,
    name text not null, email text not null, phone text not null, address jsonb not null,
    primary key (company, id));

  create table if not exists title (
    company text not null, id text not null, branch text not null, business_unit text not null, customer_id text not null,
    contract_id text, kind text not null, number text not null, installment text not null,
    issue_date date not null, due_date date not null, original_due_date date not null,
    amount numeric(18,2) not null, discount numeric(18,2) not null, fine numeric(18,2) not null,
    interest numeric(18,2) not null, paid numeric(18,2) not null,
    status text not null, disputed boolean not null, sequence bigint not null,
    primary key (company, id),
    foreign key (company, branch) references branch,
    foreign key (company, business_unit) references business_unit,
    foreign key (company, customer_id) references customer);

  create table if not exists settlement (
    company text not null, title_id text not null, id text not null, place int not null,
    date date not null, credited_on date not null,
    amount numeric(18,2) not null, discount numeric(18,2) not null, fine numeric(18,2) not null,
    interest numeric(18,2) not null, reversed_on date,
    primary key (company, title_id, id),
    foreign key (company, title_id) references title);

  alter table branch add column if not exists active boolean not null default true;
  alter table branch add column if not exists sequence bigint not null default 1;
  alter table business_unit add column if not exists branch text;
  alter table business_unit add column if not exists active boolean not null default true;
  alter table business_unit add column if not exists sequence bigint not null default 1;
  alter table customer add column if not exists active boolean not null default true;
  alter table customer add column if not exists sequence bigint not null default 1;

  create sequence if not exists title_number start 4711;`;

/** Two sandboxes on one database: the second waits. */
export const LOCK_ERP_SCHEMA = `select pg_advisory_xact_lock(hashtextextended('sandbox.erp', 0))`;
