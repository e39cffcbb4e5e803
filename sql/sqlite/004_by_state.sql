-- One index finds the messages of a form in a state, also in the state "new".

DROP INDEX submission_by_form_state;
DROP INDEX submission_by_form;
CREATE INDEX submission_by_form_state ON submission (form, state);
