"""What people read without SPARQL: tables, web annotations, BRAT and HTML reports."""
