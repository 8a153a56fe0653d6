INSERT INTO department (name) VALUES ('IT Department'), ('Asset Department'), ('Budget Department');

INSERT INTO category (name, department_id, expects_workflow)
SELECT v.name, d.id, v.expects_workflow
FROM (VALUES ('IT Support', 'IT Department', true),
             ('Asset Check In', 'Asset Department', true),
             ('Asset Check Out', 'Asset Department', true),
             ('New Budget Proposal', 'Budget Department', true),
             ('Others', NULL, true),
             ('bug', NULL, false),
             ('feature', NULL, false),
             ('support', NULL, false),
             ('other', NULL, false)) AS v (name, department, expects_workflow)
LEFT JOIN department d ON d.name = v.department;

INSERT INTO sub_category (category_id, name)
SELECT c.id, v.name
FROM (VALUES ('IT Support', 'Technical Assistance'),
             ('IT Support', 'Software Installation/Update'),
             ('IT Support', 'Hardware Troubleshooting'),
             ('IT Support', 'Email/Account Access Issue'),
             ('IT Support', 'Internet/Network Connectivity Issue'),
             ('IT Support', 'Network Connectivity Issue'),
             ('IT Support', 'Printer/Scanner Setup or Issue'),
             ('IT Support', 'System Performance Issue'),
             ('IT Support', 'Virus/Malware Check'),
             ('IT Support', 'IT Consultation Request'),
             ('IT Support', 'Data Backup/Restore'),
             ('New Budget Proposal', 'Capital Expenses (CapEx)'),
             ('New Budget Proposal', 'Operational Expenses (OpEx)'),
             ('New Budget Proposal', 'Reimbursement'),
             ('New Budget Proposal', 'Charging')) AS v (category, name)
JOIN category c ON c.name = v.category;
