module {{code}}

go 1.19
