knitr::knit("example.Rmd")
